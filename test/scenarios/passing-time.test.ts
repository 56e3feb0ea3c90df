import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  startSimulator,
  type Simulator,
  type SimulatorOptions,
} from '../../src/simulator/start-simulator.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { holdForRun } from '../../src/db/hold-source.ts';
import { parseTimestamp } from '../../src/domain/timestamp.ts';
import { openEnterpriseManager } from '../../src/sources/enterprise-manager/open-enterprise-manager.ts';
import { backfill } from '../../src/sync/backfill.ts';
import { awkwardHistory } from '../support/awkward-history.ts';
import { startEmDouble } from '../support/em-double.ts';
import { syncOnce } from '../support/sync-once.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const day = 86_400_000;
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
    now: new Date('2026-10-01T21:07:00Z'),
    ...options,
  });
};

it.each(['9.5', '11', '12', '13'] as const)(
  'follows an Enterprise Manager of version %s for weeks and forgets nothing',
  async (version) => {
    await start({
      version,
      entityList: version !== '9.5',
      role: version === '11' ? 'portal-user' : 'administrator',
    });
    const truth = new Map<string, { result: string; ended: boolean }>();
    const steps = [0, 15 * 60_000, day / 8, day, 7 * day, 20 * day];
    for (const step of steps) {
      em.advance(step);
      for (const { session, result, endedAt } of em.sessions())
        truth.set(session.id, { result, ended: endedAt !== undefined });
      expect(await syncOnce(em.url, database.url, { tasks: 'none' })).toMatchObject({
        status: 'succeeded',
        form: version === '9.5' ? 'reference' : 'entity',
        missing: 0,
      });
    }
    const rows = await database.query<{ session_id: string; result: string; ended: boolean }>(
      `select session_id, result, ended_at is not null as ended from report.sessions where outcome <> 'lost'`,
    );
    // What ran when it was last listed has been looked at by id since, and may have ended.
    for (const row of rows) {
      const { result, ended } = truth.get(row.session_id) ?? { result: '', ended: false };
      if (ended) expect(row).toEqual({ session_id: row.session_id, result, ended });
    }
    expect(await database.query('select count(*)::int from sessions')).toEqual([{ count: truth.size }]);
    expect(await database.query('select count(*)::int from sessions where fingerprint is not null')).toEqual([
      { count: em.sessions().length },
    ]);
    expect(em.openLogons()).toBe(0);
  },
  120_000,
);

it('reads back what the list no longer shows, and goes on where it stopped', async () => {
  await start();
  await syncOnce(em.url, database.url, { tasks: 'none' });
  const listed = em.sessions().length;
  const opened = openDatabase(database.url, { poolSize: 3 });
  const since = parseTimestamp('2026-08-01');
  expect(since).toBeUndefined();

  async function backfillUntil(stopAfterWindows: number) {
    const stop = new AbortController();
    const held = await holdForRun(opened, { name: 'em', url: em.url, tasks: 'none' }, 'backfill');
    if (held === undefined) throw new Error('the source is taken');
    const client = openEnterpriseManager({
      url: em.url,
      username: 'demo',
      password: 'demo',
      concurrency: 1,
      signal: stop.signal,
    });
    let windows = 0;
    const outcome = await backfill(client, held, {
      since: parseTimestamp('2026-08-01T00:00:00Z') ?? fail(),
      againUntil: undefined,
      tasks: 'none',
      isImpatient: true,
      signal: stop.signal,
      onProgress: () => {
        windows += 1;
        if (windows === stopAfterWindows) stop.abort();
      },
    });
    await held.release();
    await client.close();
    return { outcome, windows };
  }

  const first = await backfillUntil(2);
  expect(first.outcome).toMatchObject({ status: 'failed', error: { kind: 'interrupted' } });
  const second = await backfillUntil(1_000);
  expect(second.outcome).toMatchObject({ status: 'succeeded', error: null });
  await opened.close();

  const [{ count } = { count: 0 }] = await database.query<{ count: number }>(
    'select count(*)::int from sessions',
  );
  expect(count).toBeGreaterThan(listed * 1.8);
  expect(await database.query(`select trigger, status from report.sync_runs order by started_at`)).toEqual([
    { trigger: 'cli', status: 'succeeded' },
    { trigger: 'backfill', status: 'failed' },
    { trigger: 'backfill', status: 'succeeded' },
  ]);
  // What is listed is still known by its bytes.
  em.requests.length = 0;
  expect(await syncOnce(em.url, database.url, { tasks: 'none' })).toMatchObject({
    new: 0,
    changed: 0,
    unchanged: listed,
  });
});

function fail(): never {
  throw new Error('not a time');
}

it('calls a session lost only when the list and the session itself are gone', async () => {
  await start();
  const double = await startEmDouble();
  const { sessions } = awkwardHistory('2026-10-05');
  const running = sessions.filter((session) => session.state === 'Working');
  double.sessions.push(...running);
  await syncOnce(double.url, database.url);
  const [gone, hidden] = double.sessions.splice(0, 2);
  if (gone === undefined || hidden === undefined) throw new Error('too few running sessions');
  double.unlisted.push(hidden);
  const outcomes = () =>
    database.query(
      `select session_id, outcome from report.sessions where session_id in ($1, $2) order by session_id = $1 desc`,
      [gone.id, hidden.id],
    );

  expect(await syncOnce(double.url, database.url)).toMatchObject({
    status: 'succeeded',
    missing: 0,
    // Counted is what is listed, and neither of the two is.
    changed: 0,
  });
  expect(await outcomes()).toEqual([
    { session_id: gone.id, outcome: 'lost' },
    { session_id: hidden.id, outcome: 'running' },
  ]);

  // Found again, the one ended and the other still at work: neither is lost any more.
  Object.assign(hidden, { state: 'Stopped', result: 'Warning', ended: '2026-10-05T09:00:00Z' });
  double.sessions.push(gone);
  expect(await syncOnce(double.url, database.url)).toMatchObject({ status: 'succeeded' });
  expect(await outcomes()).toEqual([
    { session_id: gone.id, outcome: 'running' },
    { session_id: hidden.id, outcome: 'warning' },
  ]);
  await double.close();
});
