import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readStatus } from '../../src/db/read-status.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import {
  startSimulator,
  type Simulator,
  type SimulatorOptions,
} from '../../src/simulator/start-simulator.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { startCli } from '../support/run-cli.ts';
import { syncOnce, type SyncOnceOptions } from '../support/sync-once.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const minute = 60_000;
let em: Simulator;
let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await em.close();
  await database.drop();
});

const start = async (options: SimulatorOptions = {}) => {
  em = await startSimulator({
    sessions: 600,
    frozen: true,
    seed: 11,
    now: new Date('2026-10-01T20:07:00Z'),
    ...options,
  });
};

const sync = (options: SyncOnceOptions = {}) =>
  syncOnce(em.url, database.url, { tasks: 'none', fullEvery: 60, ...options });

/** Lets time pass for the source and for the history. */
async function pass(ms: number): Promise<void> {
  em.advance(ms);
  await database.query(
    `update sources set last_listed_at = last_listed_at - $1::interval,
       deltas = jsonb_set(deltas, '{at}', to_jsonb((deltas ->> 'at')::timestamptz - $1::interval))`,
    [`${ms} milliseconds`],
  );
}

const isChanges = /GET \/api\/query\?type=BackupJobSession.*EndTime/;
const lists = () => em.requests.filter((request) => request.includes('/agents/backupSessions')).length;
const stored = () =>
  database.query<{ session_id: string; state: string; result: string }>(
    'select session_id, state, result from sessions where fingerprint is not null order by 1',
  );
const listed = () =>
  em
    .sessions()
    .map(({ session, state, result }) => ({ session_id: session.id, state, result }))
    .sort((a, b) => (a.session_id < b.session_id ? -1 : 1));
const deltas = async () => {
  const opened = openDatabase(database.url, { poolSize: 1 });
  try {
    return (await readStatus(opened))[0]?.deltas;
  } finally {
    await opened.close();
  }
};

describe('an honest /query', () => {
  it.each(['entity', 'reference'] as const)('shows what changes between whole lists (%s)', async (list) => {
    await start();
    expect(await sync({ list })).toMatchObject({ form: list, missing: 0 });
    expect(await deltas()).toMatchObject({ works: true, polls: 0, missed: null });
    for (const polls of [1, 2, 3]) {
      await pass(14 * minute);
      em.requests.length = 0;
      const report = await sync({ list });
      expect(report).toMatchObject({ status: 'succeeded', form: 'delta', missing: null, error: null });
      const { listed: rows, new: added, changed, unchanged, unreadable, unfetched } = report;
      expect(rows).toBe(added + changed + (unchanged ?? 0) + unreadable + unfetched);
      expect(lists()).toBe(0);
      expect(report.requests).toBeLessThanOrEqual(4);
      expect(await deltas()).toMatchObject({ works: true, polls });
    }
    await pass(14 * minute);
    const before = await stored();
    const report = await sync({ list });
    expect(report).toMatchObject({ status: 'succeeded', form: list, missing: 0 });
    expect(await deltas()).toMatchObject({ works: true, polls: 0, missed: 0 });
    expect(await stored()).toEqual(listed());
    // Only what came too late for the polls between is left for the list, and what came since.
    expect(before.length).toBeGreaterThan(listed().length - 30);
    expect(
      await database.query(
        `select form, count(*)::int, bool_or(missing is not null) as told from sync_runs group by 1 order by 1`,
      ),
    ).toEqual([
      { form: 'delta', count: 3, told: false },
      { form: list, count: 2, told: true },
    ]);
  });

  it('is asked for nothing with --full, with 0, and while a list is short', async () => {
    await start();
    await sync();
    await pass(14 * minute);
    expect(await sync({ isFull: true })).toMatchObject({ form: 'entity' });
    // How one run reads says nothing about the next.
    await pass(14 * minute);
    expect(await sync()).toMatchObject({ form: 'delta' });
    await pass(14 * minute);
    expect(await sync({ fullEvery: 'auto' })).toMatchObject({ form: 'delta' });
    await pass(40 * minute);
    expect(await sync({ fullEvery: 'auto' })).toMatchObject({ form: 'entity' });
    expect(await deltas()).toBeNull();
    await sync();
    await pass(minute);
    em.requests.length = 0;
    expect(await sync({ fullEvery: 0 })).toMatchObject({ form: 'entity' });
    expect(em.requests.filter((request) => isChanges.test(request))).toEqual([]);
  });

  it('ends a session that no answer shows, and takes none for gone', async () => {
    await start();
    await sync();
    const [running] = await database.query<{ id: string }>(
      `select session_id as id from sessions where is_final and fingerprint is not null order by created_at limit 1`,
    );
    // As if it had been at work when the list was read; it ended long before.
    await database.query(
      `update sessions set state = 'Working', result = 'None', ended_at = null where session_id = $1`,
      [running?.id],
    );
    const [unknown] = await database.query<{ id: string }>(
      `update sessions set session_id = gen_random_uuid(), state = 'Working', result = 'None', ended_at = null
       where session_id = (select session_id from sessions where is_final and session_id <> $1 order by created_at desc limit 1)
       returning session_id as id`,
      [running?.id],
    );
    await pass(14 * minute);
    expect(await sync()).toMatchObject({ status: 'succeeded', form: 'delta' });
    expect(
      await database.query(
        `select session_id, outcome from report.sessions where session_id in ($1, $2) order by session_id = $2`,
        [running?.id, unknown?.id],
      ),
    ).toEqual([
      { session_id: running?.id, outcome: expect.stringMatching(/success|warning|failed/) as string },
      { session_id: unknown?.id, outcome: 'running' },
    ]);
  });

  it('is asked from the last good poll on, however the last one ended', async () => {
    await start();
    await sync();
    await pass(12 * minute);
    em.faults.push({ on: isChanges, kind: 'reset', afterBytes: 500 });
    expect(await sync()).toMatchObject({ status: 'failed', form: 'delta', missing: null });
    em.faults.length = 0;
    const before = await database.query<{ up_to: string }>(`select deltas ->> 'upTo' as up_to from sources`);
    await pass(12 * minute);
    const since = Date.parse(before[0]?.up_to ?? '') - 20 * minute;
    em.requests.length = 0;
    expect(await sync()).toMatchObject({ status: 'succeeded', form: 'delta' });
    const asked = em.requests.find((request) => isChanges.test(request)) ?? '';
    expect(decodeURIComponent(asked)).toContain(new Date(since).toISOString().slice(0, 19));
  });
});

it('is made good by the next poll when a process is killed in the middle', async () => {
  await start();
  await sync();
  await pass(14 * minute);
  em.faults.push({ on: isChanges, kind: 'stall', afterBytes: 1_500, times: 1 });
  em.requests.length = 0;
  const cli = startCli(['sync', '--json'], {
    EM_URL: em.url,
    EM_USERNAME: 'demo',
    EM_PASSWORD: 'demo',
    EM_NAME: 'em',
    DATABASE_URL: database.url,
    SYNC_TASKS: 'none',
    SYNC_FULL_EVERY_MINUTES: '60',
  });
  await expect
    .poll(() => em.requests.some((request) => isChanges.test(request)), { timeout: 30_000 })
    .toBe(true);
  cli.process.kill('SIGKILL');
  await cli.ended;
  // The lock goes with the connection.
  await expect.poll(async () => (await sync()).status, { timeout: 30_000 }).toBe('succeeded');
  expect(await database.query(`select form, status, error_kind from sync_runs order by started_at`)).toEqual(
    expect.arrayContaining([
      { form: null, status: 'failed', error_kind: 'interrupted' },
      { form: 'delta', status: 'succeeded', error_kind: null },
    ]),
  );
  await sync({ isFull: true });
  expect(await deltas()).toMatchObject({ works: true, missed: 0 });
  expect(await stored()).toEqual(listed());
});

const rowsOf = /<BackupJobSession .*?<\/BackupJobSession>/gs;
const lies: [
  string,
  Omit<Extract<Fault, { kind: 'edit' }>, 'on'> | Omit<Extract<Fault, { kind: 'status' }>, 'on'>,
][] = [
  [
    'leaves rows out',
    { kind: 'edit', edit: (body) => body.replaceAll(rowsOf, (row) => (/[02468ace]\?/.test(row) ? '' : row)) },
  ],
  ['leaves all rows out', { kind: 'edit', edit: (body) => body.replaceAll(rowsOf, '') }],
  [
    'shows other sessions',
    { kind: 'edit', edit: (body) => body.replaceAll(/<JobName>[^<]*</g, '<JobName>other<') },
  ],
  [
    'says nothing of pages',
    { kind: 'edit', edit: (body) => body.replace(/<PagingInfo.*<\/PagingInfo>/s, '') },
  ],
  [
    'ignores the filter',
    { kind: 'edit', edit: (body) => body.replaceAll('<EndTimeUTC>2026-10-01', '<EndTimeUTC>2026-09-01') },
  ],
  ['repeats a row', { kind: 'edit', edit: (body) => body.replace(rowsOf, (row) => row + row) }],
  ['does not know the filter', { kind: 'status', status: 400 }],
  ['is not there', { kind: 'status', status: 404 }],
  ['fails', { kind: 'status', status: 500 }],
];

describe.each(lies)('a /query that %s', (_, lie) => {
  it('is found out by the whole list, and asked again after a day', async () => {
    await start();
    const fault = { on: isChanges, ...lie } as Fault;
    em.faults.push(fault);
    expect(await sync()).toMatchObject({ status: 'succeeded', form: 'entity' });
    expect(await deltas()).toMatchObject({ works: false, reason: expect.any(String) as string });
    for (let poll = 0; poll < 3; poll += 1) {
      await pass(14 * minute);
      expect(await sync()).toMatchObject({ status: 'succeeded', form: 'entity', missing: 0 });
      expect(await stored()).toEqual(listed());
    }
    em.faults.length = 0;
    await database.query(
      `update sources set deltas = jsonb_set(deltas, '{retryAt}', '"2020-01-01T00:00:00.000000Z"')`,
    );
    await sync();
    expect(await deltas()).toMatchObject({ works: true });
    await pass(14 * minute);
    expect(await sync()).toMatchObject({ form: 'delta' });
  });

  it('that does so later is found out by the next whole list at the latest', async () => {
    await start();
    await sync();
    em.faults.push({ on: isChanges, ...lie });
    for (let poll = 0; poll < 4; poll += 1) {
      await pass(14 * minute);
      expect(await sync()).toMatchObject({ status: 'succeeded' });
    }
    expect(await deltas()).toMatchObject({ works: false });
    expect(await stored()).toEqual(listed());
  });
});
