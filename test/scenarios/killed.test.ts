import { afterAll, beforeAll, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { startCli, runCli } from '../support/run-cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/** KILLS=50 for a longer look. */
const kills = Number(process.env['KILLS'] ?? 8);

let em: Simulator;
let database: TestDatabase;

beforeAll(async () => {
  em = await startSimulator({ sessions: 3_000, frozen: true, seed: 3 });
  // Empty: the kills may hit the migration too.
  database = await createTestDatabase({ empty: true });
});

afterAll(async () => {
  await em.close();
  await database.drop();
});

it('is made good by the next run, whenever it is killed', async () => {
  const environment = {
    EM_URL: em.url,
    EM_USERNAME: 'demo',
    EM_PASSWORD: 'demo',
    EM_NAME: 'em',
    DATABASE_URL: database.url,
  };
  for (let kill = 0; kill < kills; kill += 1) {
    const cli = startCli(['sync', '--json'], environment);
    // Spread over the whole of a first sync, from the start of the process to the last task.
    const timer = setTimeout(() => cli.process.kill('SIGKILL'), 250 + (kill * 2_600) / kills);
    await cli.ended;
    clearTimeout(timer);
    em.requests.length = 0;
  }
  const leftByKills = em.openLogons();
  expect(leftByKills).toBeLessThanOrEqual(kills);

  const whole = await runCli(['sync', '--json'], environment);
  expect(whole.stderr).toBe('');
  const listed = em.sessions();
  expect(JSON.parse(whole.stdout)).toMatchObject({ status: 'succeeded', listed: listed.length, missing: 0 });
  expect(whole.code).toBe(0);

  const rows = await database.query<{ session_id: string; result: string; tasks: number | null }>(
    'select session_id, result, task_count as tasks from report.sessions order by 1',
  );
  expect(rows).toEqual(
    listed.map(({ session, result }) => ({
      session_id: session.id,
      result,
      tasks: result === 'None' ? null : session.computer === undefined ? 0 : 1,
    })),
  );
  expect(
    await database.query(`select count(*)::int as running from report.sync_runs where status = 'running'`),
  ).toEqual([{ running: 0 }]);
  expect(
    await database.query(
      `select count(*)::int as locks from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    ),
  ).toEqual([{ locks: 0 }]);
  expect(em.openLogons()).toBe(leftByKills);
}, 300_000);

it('leaves a source to the process that reads it already', async () => {
  const fresh = await createTestDatabase();
  const environment = {
    EM_URL: em.url,
    EM_USERNAME: 'demo',
    EM_PASSWORD: 'demo',
    EM_NAME: 'em',
    DATABASE_URL: fresh.url,
    SYNC_TASKS: 'none',
  };
  const results = await Promise.all([1, 2, 3].map(() => runCli(['sync', '--json'], environment)));
  const reports = results.map(({ stdout }) => JSON.parse(stdout) as { status: string; new: number });
  expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(reports.filter(({ status }) => status === 'skipped' || status === 'succeeded')).toHaveLength(3);
  expect(reports.reduce((sum, report) => sum + report.new, 0)).toBe(em.sessions().length);
  await fresh.drop();
});
