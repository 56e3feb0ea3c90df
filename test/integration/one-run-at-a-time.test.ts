import { once } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../src/db/open-database.ts';
import { holdForRun, holdForTasks } from '../../src/db/hold-source.ts';
import { markLost } from '../../src/db/list-state.ts';
import { finishRun } from '../../src/db/sync-runs.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let test: TestDatabase;
let database: Database;
const source = { name: 'em', url: 'https://em:9398', tasks: 'all' as const };

beforeAll(async () => {
  test = await createTestDatabase();
  database = openDatabase(test.url, { poolSize: 3 });
});
afterAll(async () => {
  await database.close();
  await test.drop();
});

async function hold() {
  const held = await holdForRun(database, source, 'cli');
  if (held === undefined) throw new Error('the source is taken');
  return held;
}

it('gives a source to one run at a time, and to the next when it is released', async () => {
  const first = await hold();
  expect(await holdForRun(database, source, 'schedule')).toBeUndefined();
  await first.release();
  const second = await hold();
  await second.release();
});

it('keeps a source apart from its backlog, from other sources, and from other processes', async () => {
  const elsewhere = openDatabase(test.url, { poolSize: 1 });
  const first = await hold();
  expect(await holdForRun(elsewhere, source, 'schedule')).toBeUndefined();
  const other = await holdForRun(elsewhere, { ...source, name: 'other' }, 'schedule');
  const backlog = await holdForTasks(elsewhere, source);
  expect([other, backlog]).not.toContain(undefined);
  await first.release();
  // A second release, late, must not take the lock from whoever has it now.
  const second = await holdForRun(elsewhere, source, 'schedule');
  await first.release();
  expect(second).toBeDefined();
  expect(await holdForRun(database, source, 'cli')).toBeUndefined();
  await elsewhere.close();
  const third = await hold();
  await third.release();
});

it('begins as soon as whoever writes for the source is done, however long that takes', async () => {
  const writer = new pg.Client({ connectionString: test.url });
  await writer.connect();
  try {
    await writer.query('begin');
    await writer.query('select id from sources for update');
    const holding = hold();
    // Longer than Prisma lets a transaction take by itself.
    const waits = () =>
      test.query(
        `select pid from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock' and query_start < clock_timestamp() - interval '5.5 s'`,
      );
    await expect.poll(waits, { timeout: 30_000 }).toHaveLength(1);
    await writer.query('commit');
    await (await holding).release();
  } finally {
    await writer.end();
  }
});

it('lets a run that lost its lock write nothing more', async () => {
  const first = await hold();
  const gone = once(first.lost, 'abort');
  await test.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'session-history locks' and datname = current_database()`,
  );
  await gone;
  const second = await hold();
  await expect(first.write((write) => markLost(write, []))).rejects.toMatchObject({
    kind: 'interrupted',
    message: /taken over/,
  });
  const counts = { listed: 1, new: 1, changed: 0, unchanged: 0, unreadable: 0, unfetched: 0, missing: 0 };
  const outcome = {
    status: 'succeeded' as const,
    form: 'entity' as const,
    counts,
    requests: 1,
    bytesReceived: 1,
    error: null,
  };
  await finishRun(database, first, outcome);
  await finishRun(database, second, outcome);
  await second.release();
  await first.release();
  expect(
    await test.query(
      `select run_id, status, error_kind from report.sync_runs where run_id in ('${first.runId}', '${second.runId}') order by started_at`,
    ),
  ).toEqual([
    { run_id: first.runId, status: 'failed', error_kind: 'interrupted' },
    { run_id: second.runId, status: 'succeeded', error_kind: null },
  ]);
});
