import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { faultEdits, type Fault } from '../../src/simulator/faults.ts';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { syncOnce, type SyncOnceOptions } from '../support/sync-once.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const list = /GET \/api\/agents\/backupSessions/;
/** The list, and sessions by their id. */
const sessions = /GET .*(backupSessions|\/query)/;
const everything = /./;

let em: Simulator;
let database: TestDatabase;

beforeEach(async () => {
  em = await startSimulator({ sessions: 400, frozen: true, seed: 7 });
  database = await createTestDatabase();
});

afterEach(async () => {
  await em.close();
  await database.drop();
});

const sync = (options: SyncOnceOptions = {}) => syncOnce(em.url, database.url, { tasks: 'none', ...options });

async function count(): Promise<number> {
  const [row] = await database.query<{ count: number }>('select count(*)::int from report.sessions');
  return row?.count ?? 0;
}

/** The fault is over: one more run, and everything is as if it had never been. */
async function expectRecovery(): Promise<void> {
  em.faults.length = 0;
  const listed = em.sessions().length;
  expect(await sync()).toMatchObject({ status: 'succeeded', listed, missing: 0, error: null });
  expect(await count()).toBe(listed);
  expect(await database.query('select count(*)::int from holes')).toEqual([{ count: 0 }]);
  expect(em.openLogons()).toBe(0);
}

describe('faults that pass are waited out within the run', () => {
  it.each<[string, Fault]>([
    ['500', { on: list, kind: 'status', status: 500, times: 2 }],
    ['503 with Retry-After', { on: list, kind: 'status', status: 503, retryAfter: 1, times: 1 }],
    ['429', { on: list, kind: 'status', status: 429, times: 1 }],
    ['a reset before the answer', { on: list, kind: 'reset', afterBytes: 0, times: 1 }],
    ['a reset in the middle', { on: list, kind: 'reset', afterBytes: 50_000, times: 1 }],
    ['a token that expired', { on: list, kind: 'expire', times: 1 }],
  ])('%s', async (_, fault) => {
    em.faults.push(fault);
    expect(await sync()).toMatchObject({ status: 'succeeded', missing: 0, error: null });
    await expectRecovery();
  });
});

describe('faults that stay end the run as failed, with a reason, and keep what came whole', () => {
  it.each<[string, Fault, kind: string, message: RegExp, kept: 'some' | 'none' | 'all']>([
    [
      '500',
      { on: list, kind: 'status', status: 500 },
      'transient',
      /answered 500 to GET \/agents\/backupSessions.*Injected fault/,
      'none',
    ],
    [
      '503 for an hour',
      { on: list, kind: 'status', status: 503, retryAfter: 3_600 },
      'transient',
      /503/,
      'none',
    ],
    ['resets', { on: list, kind: 'reset', afterBytes: 50_000 }, 'transient', /broke/, 'some'],
    [
      'a cut that looks like an end',
      { on: list, kind: 'truncate', afterBytes: 50_000 },
      'contract',
      /cut off/,
      'some',
    ],
    [
      'a stall',
      { on: list, kind: 'stall', afterBytes: 50_000 },
      'transient',
      /stopped in the middle/,
      'some',
    ],
    [
      'a stall before the first byte',
      { on: list, kind: 'stall', afterBytes: 0 },
      'transient',
      /stopped in the middle/,
      'none',
    ],
    ['a trickle', { on: list, kind: 'slow', bytesPerSecond: 6_000 }, 'transient', /bytes a second/, 'some'],
    [
      'malformed XML',
      { on: sessions, kind: 'edit', edit: faultEdits.malformed },
      'contract',
      /1 of \d+ listed sessions could not be read whole/,
      'all',
    ],
    [
      'an HTML page',
      { on: list, kind: 'edit', edit: faultEdits.html },
      'contract',
      /HTML page.*EM_URL/,
      'none',
    ],
    [
      'an external entity',
      { on: list, kind: 'edit', edit: faultEdits.externalEntity },
      'contract',
      /DOCTYPE/,
      'none',
    ],
    [
      'an entity bomb',
      { on: list, kind: 'edit', edit: faultEdits.entityBomb },
      'contract',
      /DOCTYPE/,
      'none',
    ],
    [
      'an impossible date',
      { on: sessions, kind: 'edit', edit: faultEdits.impossibleDate },
      'contract',
      /1 of \d+ listed sessions could not be read whole.*"2026-02-30T25:61:00Z" is no date/,
      'all',
    ],
    ['a redirect', { on: list, kind: 'status', status: 302 }, 'permanent', /302.*not followed/s, 'none'],
    ['a refusal', { on: list, kind: 'status', status: 403 }, 'unauthorized', /Portal User/, 'none'],
    [
      'refused logons',
      { on: /sessionMngr/, kind: 'status', status: 401 },
      'unauthorized',
      /EM_USERNAME/,
      'none',
    ],
    [
      'a server that is not there',
      { on: everything, kind: 'status', status: 404 },
      'permanent',
      /EM_URL/,
      'none',
    ],
  ])('%s', async (_, fault, kind, message, kept) => {
    em.faults.push(fault);
    const report = await sync();
    expect(report).toMatchObject({
      status: 'failed',
      error: { kind, message: expect.stringMatching(message) as string },
    });
    const stored = await count();
    const listed = em.sessions().length;
    if (kept === 'none') expect(stored).toBe(0);
    if (kept === 'some') expect(stored > 0 && stored < listed).toBe(true);
    if (kept === 'all') {
      // What could be read of the damaged record is stored; the rest is a hole.
      expect(stored).toBe(listed);
      expect(report).toMatchObject({ listed, new: listed - 1, unreadable: 1, missing: 0, holes: 1 });
      expect(await database.query('select kind, attempts from report.holes')).toEqual([
        { kind: 'unreadable', attempts: 1 },
      ]);
    }
    // Nothing that was listed before the list broke is missing.
    const [run] = await database.query('select status, error_kind, missing from report.sync_runs');
    expect(run).toEqual({ status: 'failed', error_kind: kind, missing: 0 });
    await expectRecovery();
  });
});

it('takes a creation time that is missing from the name, which has it too', async () => {
  const times = () =>
    database.query('select session_id, created_at::text from report.sessions order by session_id');
  em.faults.push({ on: sessions, kind: 'edit', edit: faultEdits.missingField });
  expect(await sync()).toMatchObject({ status: 'succeeded', holes: 0 });
  const before = await times();
  await expectRecovery();
  expect(await times()).toEqual(before);
});

it.each(['malformed', 'impossibleDate'] as const)(
  'asks for the session of a damaged record by its id: %s',
  async (edit) => {
    em.faults.push({ on: list, kind: 'edit', edit: faultEdits[edit] });
    const listed = em.sessions().length;
    expect(await sync()).toMatchObject({ status: 'succeeded', listed, new: listed, holes: 0, error: null });
    await expectRecovery();
  },
);

it('never repeats a refused logon within a run', async () => {
  em.faults.push({ on: /sessionMngr/, kind: 'status', status: 401 });
  await sync();
  expect(em.requests).toEqual(['POST /api/sessionMngr/?v=latest']);
});

it('takes a list with duplicates for what it is', async () => {
  const twice = (body: string) =>
    body.replace(
      /<BackupJobSession .*?<\/BackupJobSession>/gs,
      (record) => record + record.replace(/<State>Working/, '<State>Stopping') + record,
    );
  em.faults.push({ on: list, kind: 'edit', edit: twice });
  const listed = em.sessions().length;
  expect(await sync()).toMatchObject({ status: 'succeeded', listed, new: listed, missing: 0 });
  expect(await sync()).toMatchObject({ status: 'succeeded', listed, new: 0, changed: 0, unchanged: listed });
  expect(await count()).toBe(listed);
  await expectRecovery();
});

it('goes on without servers, jobs and collection times, and says so', async () => {
  const warnings: string[] = [];
  em.faults.push({ on: /backupServers/, kind: 'status', status: 500 });
  em.faults.push({ on: /agents\/jobs/, kind: 'status', status: 400 });
  em.faults.push({ on: /systemSessions/, kind: 'status', status: 405 });
  expect(await sync({ onWarning: (message) => warnings.push(message) })).toMatchObject({
    status: 'succeeded',
  });
  expect(warnings).toHaveLength(3);
});

it('leaves tasks for later when they fail, and reads them then', async () => {
  em.faults.push({ on: /taskSessions/, kind: 'status', status: 500 });
  const warnings: string[] = [];
  expect(await sync({ tasks: 'all', onWarning: (message) => warnings.push(message) })).toMatchObject({
    status: 'succeeded',
  });
  expect(warnings.at(-1)).toMatch(/^Tasks of \d+ sessions could not be read; they are tried again later/);
  em.faults.length = 0;
  await database.query(`update task_backlog set due_at = now()`);
  await sync({ tasks: 'all' });
  expect(
    await database.query(`select count(*)::int from report.sessions where is_final and task_count is null`),
  ).toEqual([{ count: 0 }]);
});

it('stores what the list says of a session that cannot be read by id, and reads it by the next run', async () => {
  const [first] = em.sessions();
  const id = first?.session.id ?? '';
  em.faults.push({ on: new RegExp(`GET /api/backupSessions/${id}`), kind: 'status', status: 500 });
  const listed = em.sessions().length;
  expect(await sync({ list: 'reference' })).toMatchObject({
    status: 'failed',
    listed,
    missing: 0,
    error: {
      kind: 'transient',
      message: expect.stringMatching(/^1 of \d+ listed sessions could not be read by id/) as string,
    },
  });
  const outcome = () => database.query('select outcome from report.sessions where session_id = $1', [id]);
  expect(await outcome()).toEqual([{ outcome: 'unknown' }]);
  em.faults.length = 0;
  expect(await sync({ list: 'reference' })).toMatchObject({
    status: 'succeeded',
    listed,
    missing: 0,
    changed: 1,
  });
  expect(await outcome()).not.toEqual([{ outcome: 'unknown' }]);
});

it('gives up asking by id when nothing answers, and still stores every reference', async () => {
  em.faults.push({ on: /GET \/api\/backupSessions\//, kind: 'status', status: 500 });
  const listed = em.sessions().length;
  expect(await sync({ list: 'reference' })).toMatchObject({
    status: 'failed',
    listed,
    unfetched: listed,
    missing: 0,
  });
  // As far as the references tell of them.
  expect(await count()).toBe(listed);
  expect(em.requests.length).toBeLessThan(100);
  await expectRecovery();
});
