import { expect, it } from 'vitest';
import {
  backend,
  countRuns,
  database,
  intervalMinutes,
  later,
  patience,
  service,
  simulator,
  sourcesFile,
} from '../support/service-world.ts';
import { runHere } from '../support/run-here.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

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
  const environment = {
    DATABASE_URL: db.url,
    EM_URL: em.url,
    EM_USERNAME: 'demo',
    EM_PASSWORD: 'demo',
    EM_NAME: 'em',
  };
  const running = service('worker', { ...environment, SYNC_INTERVAL_MINUTES: String(intervalMinutes) });
  await expect.poll(() => countRuns(db, `status = 'succeeded'`), patience).toBeGreaterThanOrEqual(1);
  const since = new Date(em.now().getTime() - 60 * 86_400_000).toISOString().slice(0, 10);
  expect(await runHere(['backfill', '--since', since, '--queue'], environment)).toMatchObject({ code: 0 });
  await expect
    .poll(
      () =>
        db.query(`select bool_and(is_covered) as whole, min(from_at) = $1 as reaching from report.coverage`, [
          `${since}T00:00:00Z`,
        ]),
      patience,
    )
    .toEqual([{ whole: true, reaching: true }]);
  await running.stop();
  const [row] = await db.query<{ older: number }>(
    `select count(*)::int as older from report.sessions where created_at < now() - interval '31 days'`,
  );
  expect(row?.older).toBeGreaterThan(0);
}, 120_000);
