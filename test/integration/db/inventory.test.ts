import { afterAll, beforeAll, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../../src/simulator/start-simulator.ts';
import { syncOnce } from '../../support/sync-once.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let em: Simulator;
let database: TestDatabase;

beforeAll(async () => {
  em = await startSimulator({ sessions: 200, frozen: true });
  database = await createTestDatabase();
  await syncOnce(em.url, database.url, { tasks: 'none' });
});
afterAll(async () => {
  await em.close();
  await database.drop();
});

const jobs = () => database.query('select xmin::text, * from jobs order by job_id');
const servers = () =>
  database.query('select server_id, server_name, description, version, extra from servers order by 1');
const oldestSight = async () =>
  (await database.query<{ at: Date }>('select min(last_seen_at) as at from servers'))[0]?.at.getTime() ?? 0;

it('writes no job and no server that is stored as it is, and still notes that the servers were shown', async () => {
  const before = { jobs: await jobs(), servers: await servers(), sight: await oldestSight() };
  expect(before.jobs.length).toBeGreaterThan(0);
  await syncOnce(em.url, database.url, { tasks: 'none' });
  expect(await jobs()).toEqual(before.jobs);
  expect(await servers()).toEqual(before.servers);
  expect(await oldestSight()).toBeGreaterThan(before.sight);
});

it.each([
  ['a server that changed', `update servers set description = 'old', extra = '{"old": 1}'`],
  ['a server that is new', 'delete from servers'],
  ['a job that changed', `update jobs set description = 'old' where job_type is not null`],
  ['a job whose server has another name', `update jobs set server_name = 'old' where job_type is not null`],
])('writes %s', async (_, change) => {
  const columns = 'job_id, job_name, server_id, server_name, job_type, description, next_run_at, extra';
  const listed = () => database.query(`select ${columns} from jobs where job_type is not null order by 1`);
  const before = { jobs: await listed(), servers: await servers() };
  await database.query(change);
  expect({ jobs: await listed(), servers: await servers() }).not.toEqual(before);
  await syncOnce(em.url, database.url, { tasks: 'none' });
  expect({ jobs: await listed(), servers: await servers() }).toEqual(before);
});
