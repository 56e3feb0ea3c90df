import { afterEach, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { startEmDouble } from '../support/em-double.ts';
import { startRedis, type TestRedis } from '../support/start-redis.ts';
import { startService, type RunningService } from '../support/start-service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** The shortest interval there is. */
const intervalMinutes = 0.05;
const intervalMs = intervalMinutes * 60_000;
const patience = { timeout: 60_000, interval: 50 };

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
function later(cleanUp: () => Promise<unknown>): void {
  cleanUps.push(cleanUp);
}

async function database(): Promise<TestDatabase> {
  const made = await createTestDatabase();
  later(() => made.drop());
  return made;
}

async function simulator(sessions: number): Promise<Simulator> {
  const em = await startSimulator({ sessions, frozen: true });
  later(() => em.close());
  return em;
}

function service(...args: Parameters<typeof startService>): RunningService {
  const started = startService(...args);
  later(async () => {
    if (started.process.exitCode === null) await started.stop('SIGKILL');
  });
  return started;
}

function sourcesFile(sources: readonly { readonly name: string; readonly url: string }[]): string {
  const file = path.join(makeTemporaryFolder('sources').path, 'sources.json');
  writeFileSync(
    file,
    JSON.stringify(sources.map((source) => ({ username: 'demo', password: 'demo', ...source }))),
  );
  return file;
}

const countRuns = async (db: TestDatabase, where = 'true') =>
  (await db.query<{ runs: number }>(`select count(*)::int as runs from report.sync_runs where ${where}`))[0]
    ?.runs ?? 0;

/** Pairs of runs of one source that overlapped: never any. */
const countOverlaps = async (db: TestDatabase) =>
  (
    await db.query<{ overlaps: number }>(
      `select count(*)::int as overlaps from report.sync_runs as one join report.sync_runs as other
         on one.source = other.source and one.run_id < other.run_id
         and tstzrange(one.started_at, coalesce(one.finished_at, 'infinity'))
           && tstzrange(other.started_at, coalesce(other.finished_at, 'infinity'))`,
    )
  )[0]?.overlaps;

async function backend(kind: 'postgresql' | 'redis') {
  let redis: TestRedis | undefined;
  if (kind === 'redis') {
    redis = await startRedis();
    later(() => redis?.stop() ?? Promise.resolve());
  }
  return { redis, environment: redis === undefined ? {} : { REDIS_URL: redis.url } };
}

describe.each(['postgresql', 'redis'] as const)('the service, its queue in %s', (kind) => {
  it('polls every source once an interval, however many processes there are', async () => {
    const { environment } = await backend(kind);
    const db = await database();
    const ems = [await simulator(300), await simulator(200), await simulator(100)];
    const SOURCES_FILE = sourcesFile(ems.map((em, index) => ({ name: `em ${index}:"'`, url: em.url })));
    const settings = {
      ...environment,
      DATABASE_URL: db.url,
      SOURCES_FILE,
      SYNC_INTERVAL_MINUTES: String(intervalMinutes),
    };
    const services = [
      service('serve', settings),
      service('serve', settings),
      service('worker', settings),
      service('worker', settings),
    ];
    const intervals = 5;
    await expect
      .poll(() => countRuns(db, `status = 'succeeded'`), patience)
      .toBeGreaterThanOrEqual(intervals * ems.length);

    const [first] = services;
    const health = await fetch(`${first?.url() ?? ''}/readyz`);
    expect([health.status, await health.json()]).toEqual([
      200,
      { status: 'ok', database: 'up', queue: 'up', late: [], failing: [] },
    ]);

    const results = await Promise.all(services.map((one) => one.stop()));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(await countRuns(db, `status = 'running'`)).toBe(0);
    expect(await countOverlaps(db)).toBe(0);
    const gaps = await db.query<{ source: string; runs: number; shortest: number }>(
      `select source, count(*)::int as runs, min(gap)::float8 as shortest
       from (select source, extract(epoch from started_at - lag(started_at) over (partition by source order by started_at)) * 1000 as gap
             from report.sync_runs) as started
       group by source order by source`,
    );
    expect(gaps).toHaveLength(ems.length);
    // A tick may be late, and the next one then follows sooner; two runs for one tick would be no interval apart at all.
    for (const { shortest } of gaps) expect(shortest).toBeGreaterThan(intervalMs / 3);
    const rows = await db.query(
      `select source, count(*)::int as sessions from report.sessions group by 1 order by 1`,
    );
    expect(rows).toEqual(
      ems.map((em, index) => ({ source: `em ${index}:"'`, sessions: em.sessions().length })),
    );
    expect(ems.map((em) => em.openLogons())).toEqual([0, 0, 0]);
  }, 120_000);

  it('goes on when a worker is killed in the middle of a run', async () => {
    const { environment } = await backend(kind);
    const db = await database();
    const em = await startEmDouble();
    later(() => em.close());
    const settings = {
      ...environment,
      DATABASE_URL: db.url,
      EM_URL: em.url,
      EM_USERNAME: 'demo',
      EM_PASSWORD: 'demo',
      EM_NAME: 'em',
      SYNC_INTERVAL_MINUTES: String(intervalMinutes),
    };
    // The list never comes: whoever asks for it is in the middle of a run.
    em.intercept = (request) => request.url?.startsWith('/api/agents/backupSessions') === true;
    const doomed = service('worker', settings);
    await expect.poll(() => countRuns(db, `status = 'running'`), patience).toBe(1);
    const heir = service('worker', settings);
    await expect.poll(() => heir.lines.some((line) => line.msg.startsWith('ready')), patience).toBe(true);
    await doomed.stop('SIGKILL');
    em.intercept = undefined;
    await expect.poll(() => countRuns(db, `status = 'succeeded'`), patience).toBeGreaterThanOrEqual(2);
    expect(await countRuns(db, `error_kind = 'interrupted'`)).toBe(1);
    expect((await heir.stop()).code).toBe(0);
  }, 120_000);

  it('takes up and drops sources as the configuration says at the next start', async () => {
    const { environment } = await backend(kind);
    const db = await database();
    const [one, two] = [await simulator(50), await simulator(60)];
    const settings = { ...environment, DATABASE_URL: db.url };
    const before = service('worker', {
      ...settings,
      SYNC_INTERVAL_MINUTES: String(intervalMinutes),
      SOURCES_FILE: sourcesFile([
        { name: 'stays', url: one.url },
        { name: 'goes', url: two.url },
      ]),
    });
    await expect.poll(() => countRuns(db, `status = 'succeeded'`), patience).toBeGreaterThanOrEqual(2);
    await before.stop();
    const after = service('serve', {
      ...settings,
      SYNC_INTERVAL_MINUTES: '30',
      SOURCES_FILE: sourcesFile([
        { name: 'stays', url: one.url },
        { name: 'comes', url: two.url },
      ]),
    });
    await expect.poll(() => countRuns(db, `source = 'comes' and status = 'succeeded'`), patience).toBe(1);
    const metrics = await (await fetch(`${after.url() ?? ''}/metrics`)).text();
    expect(metrics).toContain('session_history_interval_seconds{source="stays"} 1800');
    expect(metrics).not.toContain('"goes"');
    expect(metrics).toContain('session_history_queue_jobs{queue="sync",state="delayed"} 2');
    await after.stop();
    expect(await countRuns(db, `source = 'goes'`)).toBeGreaterThan(0);
  }, 120_000);
});

it('rebuilds the schedule in a Redis that was wiped', async () => {
  const { redis, environment } = await backend('redis');
  const db = await database();
  const em = await simulator(50);
  const running = service('worker', {
    ...environment,
    DATABASE_URL: db.url,
    EM_URL: em.url,
    EM_USERNAME: 'demo',
    EM_PASSWORD: 'demo',
    SYNC_INTERVAL_MINUTES: String(intervalMinutes),
  });
  await expect.poll(() => countRuns(db), patience).toBeGreaterThanOrEqual(1);
  await redis?.client.flushall();
  const runs = await countRuns(db);
  await expect.poll(() => countRuns(db), patience).toBeGreaterThanOrEqual(runs + 2);
  expect((await running.stop()).code).toBe(0);
}, 120_000);

it.each(['cut', 'silence'] as const)(
  'survives a database that is gone for a while without a restart or a flood of words: %s',
  async (fault) => {
    const db = await database();
    const em = await simulator(50);
    const address = new URL(db.url);
    const proxy = await startTcpProxy({ host: address.hostname, port: Number(address.port) });
    later(() => proxy.close());
    address.host = `127.0.0.1:${proxy.port}`;
    const running = service('serve', {
      DATABASE_URL: address.href,
      EM_URL: em.url,
      EM_USERNAME: 'demo',
      EM_PASSWORD: 'demo',
      SYNC_INTERVAL_MINUTES: String(intervalMinutes),
    });
    await expect.poll(() => countRuns(db, `status = 'succeeded'`), patience).toBeGreaterThanOrEqual(1);
    const url = running.url() ?? '';
    if (fault === 'cut') await proxy.cut();
    else proxy.silence();
    const status = async (path: string) => (await fetch(`${url}${path}`)).status;
    await expect.poll(() => status('/readyz'), patience).toBe(503);
    expect(await status('/healthz')).toBe(200);
    const said = running.lines.length;
    await expect
      .poll(
        async () => (await (await fetch(`${url}/metrics`)).text()).includes('session_history_database_up 0'),
        patience,
      )
      .toBe(true);
    const runs = await countRuns(db);
    await proxy.restore();
    await expect.poll(() => countRuns(db, `status = 'succeeded'`), patience).toBeGreaterThanOrEqual(runs + 1);
    await expect.poll(() => status('/readyz'), patience).toBe(200);
    expect(running.lines.length - said).toBeLessThan(60);
    expect((await running.stop()).code).toBe(0);
  },
  120_000,
);

it('starts before its database does', async () => {
  const db = await database();
  const em = await simulator(50);
  const address = new URL(db.url);
  const proxy = await startTcpProxy({ host: address.hostname, port: Number(address.port) });
  later(() => proxy.close());
  await proxy.cut();
  address.host = `127.0.0.1:${proxy.port}`;
  const running = service('serve', {
    DATABASE_URL: address.href,
    EM_URL: em.url,
    EM_USERNAME: 'demo',
    EM_PASSWORD: 'demo',
  });
  await expect.poll(() => running.lines.some((line) => line['part'] === 'database'), patience).toBe(true);
  expect((await fetch(`${running.url() ?? ''}/readyz`)).status).toBe(503);
  await proxy.restore();
  await expect.poll(() => countRuns(db, `status = 'succeeded'`), patience).toBe(1);
  expect((await running.stop()).code).toBe(0);
}, 120_000);

it('stops while it waits for a database that never comes', async () => {
  const em = await simulator(10);
  const running = service('serve', {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    EM_URL: em.url,
    EM_USERNAME: 'demo',
    EM_PASSWORD: 'demo',
  });
  await expect.poll(() => running.lines.some((line) => line['part'] === 'database'), patience).toBe(true);
  expect((await running.stop()).code).toBe(0);
}, 60_000);

it('does not hammer an Enterprise Manager that refuses the password, and tries a new one at once', async () => {
  const db = await database();
  const em = await simulator(50);
  const settings = {
    DATABASE_URL: db.url,
    EM_URL: em.url,
    EM_USERNAME: 'demo',
    EM_NAME: 'em',
    SYNC_INTERVAL_MINUTES: String(intervalMinutes),
  };
  const other = await simulator(10);
  const wrong = service('worker', {
    ...settings,
    EM_PASSWORD: 'wrong',
    SOURCES_FILE: sourcesFile([{ name: 'well', url: other.url }]),
  });
  // The other source shows how many intervals have passed.
  await expect.poll(() => countRuns(db, `source = 'well'`), patience).toBeGreaterThanOrEqual(4);
  await wrong.stop();
  const again = service('worker', { ...settings, EM_PASSWORD: 'wrong' });
  await expect.poll(() => again.lines.some((line) => line.msg.startsWith('ready')), patience).toBe(true);
  await again.stop();
  expect(em.requests.filter((request) => request.startsWith('POST'))).toHaveLength(1);
  expect(await countRuns(db, `source = 'em' and error_kind = 'unauthorized'`)).toBe(1);
  expect(JSON.stringify([...wrong.lines, ...again.lines])).not.toContain('wrong');
  const right = service('worker', { ...settings, EM_PASSWORD: 'demo' });
  await expect
    .poll(() => countRuns(db, `source = 'em' and status = 'succeeded'`), patience)
    .toBeGreaterThanOrEqual(2);
  await right.stop();
}, 120_000);

it('refuses to let others reach the API while there is no key', async () => {
  const db = await database();
  const em = await simulator(10);
  const settings = {
    DATABASE_URL: db.url,
    EM_URL: em.url,
    EM_USERNAME: 'demo',
    EM_PASSWORD: 'demo',
    API_HOST: '0.0.0.0',
  };
  const { code, stderr } = await service('api', settings).ended;
  expect(code).toBe(2);
  expect(stderr).toContain('session-history keys create --name first');
  await db.query(`insert into api_keys (name, scope, key_hash) values ('first', 'read', 'x')`);
  const allowed = service('api', settings);
  await expect.poll(() => allowed.lines.some((line) => line.msg.startsWith('ready')), patience).toBe(true);
  expect((await allowed.stop()).code).toBe(0);
}, 60_000);

it('reads a queued backfill a little after each poll, and no further than asked', async () => {
  const db = await database();
  const em = await simulator(200);
  const running = service('worker', {
    DATABASE_URL: db.url,
    EM_URL: em.url,
    EM_USERNAME: 'demo',
    EM_PASSWORD: 'demo',
    EM_NAME: 'em',
    SYNC_INTERVAL_MINUTES: String(intervalMinutes),
  });
  await expect.poll(() => countRuns(db, `status = 'succeeded'`), patience).toBeGreaterThanOrEqual(1);
  const since = new Date(em.now().getTime() - 60 * 86_400_000).toISOString().slice(0, 10);
  await db.query(`insert into backfills (source_id, wanted_since) select id, $1 from sources`, [
    `${since}T00:00:00Z`,
  ]);
  await expect
    .poll(
      async () => (await db.query(`select read_down_to = wanted_since as done from backfills`))[0],
      patience,
    )
    .toEqual({ done: true });
  await running.stop();
  const [row] = await db.query<{ older: number }>(
    `select count(*)::int as older from report.sessions where created_at < now() - interval '31 days'`,
  );
  expect(row?.older).toBeGreaterThan(0);
}, 120_000);
