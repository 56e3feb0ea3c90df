import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { noLimits } from '../../../src/query/limits.ts';
import { sessions } from '../../../src/query/resources/sessions.ts';
import { openQueryPool } from '../../../src/query/sql/open-query-pool.ts';
import { openChanges } from '../../../src/query/sql/read-changes.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let test: TestDatabase;
let pool: ReturnType<typeof openQueryPool>;

beforeAll(async () => {
  test = await createTestDatabase();
  pool = openQueryPool(test.url, 2, () => undefined);
  await test.query(`insert into sources (name, url) values ('one', 'x'), ('two', 'x')`);
});
afterAll(async () => {
  await pool.end();
  await test.drop();
});

const dist = (file: string) => new URL(`../../../dist/${file}`, import.meta.url).href;
/** Writes batches into both sources for as long as it lives: new sessions, corrected ones, retries among others. */
const writer = (url: string, seed: number) => `
  const { openDatabase } = await import(${JSON.stringify(dist('db/open-database.js'))});
  const { writeTo } = await import(${JSON.stringify(dist('db/write-transaction.js'))});
  const { packRows, packSession } = await import(${JSON.stringify(dist('db/pack-session.js'))});
  const { writeBatch } = await import(${JSON.stringify(dist('db/write-batch.js'))});
  const database = openDatabase(${JSON.stringify(url)}, { poolSize: 2 });
  let state = ${seed};
  const random = (below) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
  const id = (letter, number) => letter + '0000000-0000-4000-8000-' + String(number).padStart(12, '0');
  const write = async (source) => {
    for (;;) {
      const numbers = new Set(Array.from({ length: 1 + random(30) }, () => random(300)));
      const whole = packRows([...numbers].map((number) => {
        const at = new Date(Date.UTC(2026, 0, 1 + random(20), number % 24)).toISOString().replace('.000Z', '.000000Z');
        return { computer: 'PC', packed: packSession({ id: id('a', number), name: 's' + random(5), kind: 'computer',
          jobType: 'AgentManagement', jobId: id('b', number % 9), jobName: 'job', parentId: null, serverId: null, serverName: null,
          state: 'Stopped', result: ['Success', 'Failed'][random(2)], isRetry: random(3) === 0, createdAt: at, endedAt: at,
          progress: null, failureMessage: null, extra: null }, null) };
      }));
      await writeTo(database.prisma, { ...source, fence: null }, (write) => writeBatch(write,
        { whole, part: null, reference: null, named: { servers: [], jobs: [] }, relisted: [], holes: [], healed: [] }, { tasks: 'none', parser: 1 }));
    }
  };
  await Promise.all([write({ id: 1, name: 'one' }), write({ id: 2, name: 'two' })]);
`;

const column = (name: string) => sessions.columns.findIndex((one) => one.name === name);
const keyOf = (row: readonly (string | null)[]) =>
  `${row[column('source')] ?? ''} ${row[column('session_id')] ?? ''}`;
const seen = new Map<string, readonly (string | null)[]>();
let cursor = '';

/** One answer of the feed, taken over. Returns its number of rows. */
async function follow(limit: number): Promise<number> {
  const changes = await openChanges(pool, cursor, noLimits);
  if ('wrong' in changes) throw new Error(changes.wrong);
  const { rows, next } = await changes.page(limit);
  for (const row of rows) seen.set(keyOf(row), row);
  cursor = next;
  return rows.length;
}

it('a reader that follows while writers write and are killed ends with what is there', async () => {
  const count = async () =>
    Number((await test.query<{ sum: string }>('select sum(version) from sources'))[0]?.sum);
  let pages = 0;
  for (const seed of [1, 2, 3]) {
    const before = await count();
    const child = spawn(process.execPath, ['--input-type=module', '--eval', writer(test.url, seed)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ended = once(child, 'exit');
    // In the middle of commits: pages of all sizes, one of them so small that a commit is split over many.
    while ((await count()) < before + 12) {
      expect(child.exitCode).toBeNull();
      await follow([1, 7, 40, 1_000][pages % 4] ?? 1);
      pages += 1;
    }
    child.kill('SIGKILL');
    await ended;
  }
  // What the last writer sent may still be under way in the database.
  const busy = `select 1 from pg_stat_activity where application_name = 'session-history' and datname = current_database()`;
  while ((await test.query(busy)).length > 0);
  while ((await follow(50)) > 0);

  const shown = await pool.query<(string | null)[]>({
    text: `select ${sessions.columns.map(({ name }) => name).join(', ')} from session_rows`,
    rowMode: 'array',
    types: { getTypeParser: () => (text: string | Buffer) => text },
  });
  // When a session was last seen is no change.
  const still = (row: readonly (string | null)[]) =>
    row.filter((_, index) => index !== column('last_seen_at'));
  const rows = shown.rows;
  expect(seen.size).toBe(rows.length);
  for (const row of rows) expect(still(seen.get(keyOf(row)) ?? [])).toEqual(still(row));
  expect(rows.length).toBeGreaterThan(100);
  // From the beginning, in one go.
  const whole = await openChanges(pool, '', noLimits);
  if ('wrong' in whole) throw new Error(whole.wrong);
  const found: string[] = [];
  for await (const batch of whole.batches(AbortSignal.timeout(30_000))) found.push(...batch.map(keyOf));
  expect(new Set(found)).toEqual(new Set(seen.keys()));
  expect(found).toHaveLength(seen.size);
});

it('a page of huge texts ends before its limit, and the next goes on', async () => {
  await test.query(
    `insert into sources (id, name, url, version) values (30, 'huge', 'x', 1);
     insert into sessions (source_id, session_id, session_name, kind, job_type, job_name, state, is_retry, created_at, change_number,
       failure_message, first_seen_at, last_changed_at)
     select 30, md5('huge' || number)::uuid, 'huge', 'computer', 'AgentManagement', 'job', 'Stopped', false, now(), 1,
       repeat('x', 65000), now(), now()
     from generate_series(1, 400) as number`,
  );
  const only = { ...noLimits, sources: ['huge'] };
  const read = async (after: string) => {
    const changes = await openChanges(pool, after, only);
    if ('wrong' in changes) throw new Error(changes.wrong);
    return changes;
  };
  const first = await (await read('')).page(1_000);
  expect(first.rows.length * 65_000).toBeGreaterThan(16_000_000);
  expect(first.rows.length * 65_000).toBeLessThan(25_000_000);
  const second = await (await read(first.next)).page(1_000);
  expect(new Set([...first.rows, ...second.rows].map(keyOf)).size).toBe(400);
  expect(await (await read(second.next)).page(1_000)).toEqual({ rows: [], next: second.next });
  const sizes: number[] = [];
  for await (const batch of (await read('')).batches(AbortSignal.timeout(30_000))) sizes.push(batch.length);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(400);
  expect(Math.max(...sizes) * 65_000).toBeLessThanOrEqual(8_100_000);
});

it('says what is wrong with a cursor', async () => {
  expect(await openChanges(pool, 'x', noLimits)).toMatchObject({
    wrong: expect.stringContaining('is no cursor') as unknown,
  });
  const ahead = Buffer.from(JSON.stringify(['changes', [1, '999999999']])).toString('base64url');
  expect(await openChanges(pool, ahead, noLimits)).toMatchObject({
    wrong: expect.stringContaining('is ahead') as unknown,
  });
});
