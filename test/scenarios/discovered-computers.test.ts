import { afterEach, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { syncOnce } from '../support/sync-once.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let em: Simulator;
afterEach(async () => {
  await em.close();
  await database.drop();
});

const never = () =>
  database.query<{ computer: string }>(
    'select computer from report.computers where last_session_at is null order by computer',
  );

it('shows computers that were never backed up, and asks for them every six hours only', async () => {
  em = await startSimulator({ sessions: 300, frozen: true });
  database = await createTestDatabase();
  const first = await syncOnce(em.url, database.url);
  expect((await never()).map(({ computer }) => computer)).toEqual(['NB-NEW-90001', 'SRV-TEST-90002']);
  // Those that have sessions are one computer, not two.
  const [counts] = await database.query<{ shown: number; backedUp: number }>(
    `select (select count(*)::int from report.computers) as shown,
       (select count(distinct computer)::int from report.sessions where kind = 'computer') as "backedUp"`,
  );
  expect(counts?.shown).toBe((counts?.backedUp ?? 0) + 2);
  // Nothing is left to be worked out when somebody asks.
  expect(await database.query('select from computers where is_stale')).toEqual([]);

  const second = await syncOnce(em.url, database.url);
  await database.query(`update sources set computers_read_at = now() - interval '7 hours'`);
  const third = await syncOnce(em.url, database.url);
  expect([first.status, second.status, third.status]).toEqual(['succeeded', 'succeeded', 'succeeded']);
  expect(third.requests).toBe(second.requests + 1);
});

it('does without where the account may not read them', async () => {
  em = await startSimulator({ sessions: 300, frozen: true, role: 'portal-user' });
  database = await createTestDatabase();
  expect((await syncOnce(em.url, database.url)).status).toBe('succeeded');
  expect(await never()).toEqual([]);
});
