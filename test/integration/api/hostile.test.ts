import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAwkwardDatabase } from '../../support/awkward-database.ts';
import { awkwardHistory } from '../../support/awkward-history.ts';
import { keepFigures } from '../../support/keep-figures.ts';
import { runHere } from '../../support/run-here.ts';
import { startApi, walk, type Page, type RunningApi } from '../../support/start-api.ts';
import { startService } from '../../support/start-service.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
/** Of a history without keys; that of `closed` has some. */
let open: RunningApi;
let history: TestDatabase;
let closed: RunningApi;
let keys: readonly string[] = [];

beforeAll(async () => {
  history = await createAwkwardDatabase(awkwardHistory('2026-10-05'));
  database = await createTestDatabase();
  open = await startApi({ DATABASE_URL: history.url });
  closed = await startApi({ DATABASE_URL: database.url, METRICS_TOKEN: 'a-token-for-scrapes' });
  keys = [await makeKey('one'), await makeKey('two')];
});
afterAll(async () => {
  await Promise.all([open.service.stop(), closed.service.stop()]);
  await Promise.all([history.drop(), database.drop()]);
});

const makeKey = async (name: string, ...more: string[]) =>
  (await runHere(['keys', 'create', '--name', name, ...more], { DATABASE_URL: database.url })).stdout.trim();
const askWith = (key: string | undefined, address: string, headers: Record<string, string> = {}) =>
  closed.ask(address, {
    headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...headers },
  });
/** With headers that fetch would not send. */
async function raw(api: RunningApi, address: string, headers: Record<string, string>) {
  const request = http.get(`${api.url}${address}`, { headers });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return { status: response.statusCode, body: await text(response) };
}
const closeOf = (socket: net.Socket) => new Promise((resolve) => socket.resume().once('close', resolve));
const connect = (api: RunningApi) => {
  const { hostname, port } = new URL(api.url);
  const socket = net.connect(Number(port), hostname);
  socket.on('error', () => undefined);
  return socket;
};

describe('an address', () => {
  it('has 200 parameters at most', async () => {
    const statusOf = async (count: number, api = open) =>
      (await api.ask(`/api/v1/sessions?${'source=em&outcome=failed&'.repeat(count / 2)}`)).status;
    expect(await statusOf(200)).toBe(200);
    const refused = await open.ask(`/api/v1/sessions?${'a&'.repeat(201)}`);
    expect([refused.status, refused.headers.get('content-type')]).toEqual([
      400,
      'application/problem+json; charset=utf-8',
    ]);
    expect(await refused.json()).toMatchObject({
      type: '/problems/bad-request',
      detail: 'The address has more than 200 parameters.',
    });
    expect((await open.ask(`/api/v1/sessions?${'a&'.repeat(30_720)}`)).status).toBe(431);
  });

  it.each(['__proto__=1', 'constructor=1', '__proto__[x]=1', 'source[]=1', 'source=1&source[$ne]=2'])(
    'is refused that has %s',
    async (query) => {
      const answer = await open.ask(`/api/v1/sessions?${query}`);
      expect([answer.status, ((await answer.json()) as { type: string }).type]).toEqual([
        400,
        '/problems/invalid-parameter',
      ]);
    },
  );
});

describe('a connection', () => {
  it('that asks for much and reads nothing is cut, and leaves no file open', async () => {
    const files = () => readdirSync(`/proc/${open.service.process.pid ?? ''}/fd`).length;
    const page = await (await open.ask('/')).text();
    const assets = [...page.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, address]) => address ?? '');
    expect(assets.length).toBeGreaterThan(0);
    const before = files();
    for (const address of [
      ...assets,
      '/openapi.json',
      '/docs/json',
      '/docs/yaml',
      '/docs/static/swagger-ui-bundle.js',
    ]) {
      const socket = connect(open);
      socket.pause();
      socket.write(`GET ${address} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(1_300));
      await closeOf(socket);
    }
    await expect.poll(files).toBeLessThanOrEqual(before + 2);
    expect((await open.ask('/api/v1/sources')).status).toBe(200);
  });
});

describe('while there is no key', () => {
  it.each([
    ['x-forwarded-for', '203.0.113.1'],
    ['forwarded', 'for=203.0.113.1'],
    ['via', '1.1 proxy'],
    ['x-real-ip', '203.0.113.1'],
    ['x-forwarded-host', 'history.example'],
    ['x-forwarded-port', '443'],
    ['forwarded-for', '203.0.113.1'],
    ['x-cluster-client-ip', '203.0.113.1'],
    ['cf-connecting-ip', '203.0.113.1'],
    ['fastly-client-ip', '203.0.113.1'],
    ['x-envoy-external-address', '203.0.113.1'],
    ['x-original-host', 'history.example'],
  ])('nothing is open to what came through a proxy: %s', async (name, value) => {
    const { status } = await raw(open, '/api/v1/sessions', { [name]: value, host: '127.0.0.1' });
    expect(status).toBe(421);
  });

  it.each([
    'localhost:80@evil',
    'localhost:80:80',
    'localhost.',
    'evil.example',
    'localhost/',
    '127.0.0.1.evil.example',
    '2130706433',
  ])('nothing is open by the name %s', async (host) => {
    for (const address of ['/api/v1/sessions', '/metrics', '/readyz', '/healthz'])
      expect([address, (await raw(open, address, { host })).status]).toEqual([address, 421]);
  });
});

it('shows metrics to those who have the token, by any name', async () => {
  const statusOf = async (authorization?: string) =>
    (await raw(closed, '/metrics', { host: 'metrics.example', ...(authorization && { authorization }) }))
      .status;
  expect(await statusOf()).toBe(401);
  expect(await statusOf('Bearer a-token-for-scrape')).toBe(401);
  expect(await statusOf(`Bearer ${keys[0] ?? ''}`)).toBe(401);
  expect(await statusOf('Bearer a-token-for-scrapes')).toBe(200);
});

it('refuses who has no key without asking the database', async () => {
  expect((await askWith(undefined, '/api/v1/sources')).status).toBe(401);
  const locker = new pg.Client({ connectionString: database.url, application_name: 'test' });
  await locker.connect();
  await locker.query('begin; lock table api_keys in access exclusive mode');
  expect((await askWith(undefined, '/api/v1/sources')).status).toBe(401);
  await locker.end();
});

it('looks up a key that is sent a hundred times at once a few times', async () => {
  const locker = new pg.Client({ connectionString: database.url, application_name: 'test' });
  await locker.connect();
  await locker.query('begin; lock table api_keys in access exclusive mode');
  const busy = `select from pg_stat_activity
    where application_name = 'session-history access' and datname = current_database() and wait_event_type = 'Lock'`;
  const many = Array.from({ length: 100 }, () => askWith(keys[0], '/api/v1/access'));
  await expect.poll(() => database.query(busy)).toHaveLength(1);
  // Another key does not wait behind them.
  const other = askWith(keys[1], '/api/v1/access');
  await expect.poll(() => database.query(busy)).toHaveLength(2);
  await locker.query('rollback');
  await locker.end();
  expect((await Promise.all([...many, other])).every(({ status }) => status === 200)).toBe(true);
});

describe('12 slow questions of one key', () => {
  let locker: pg.Client;
  beforeAll(async () => {
    locker = new pg.Client({ connectionString: database.url, application_name: 'test' });
    await locker.connect();
    await locker.query('begin; lock table sessions in access exclusive mode');
  });
  afterAll(() => locker.end());

  it('keep nobody else waiting, and leave with their client', async () => {
    const gone = new AbortController();
    const slow = Array.from({ length: 12 }, () =>
      closed.ask('/api/v1/sessions', {
        headers: { authorization: `Bearer ${keys[0] ?? ''}` },
        signal: gone.signal,
      }),
    );
    const waiting = () =>
      database.query(
        `select from pg_stat_activity where datname = current_database() and application_name = 'session-history api' and wait_event_type = 'Lock'`,
      );
    await expect.poll(waiting).toHaveLength(4);
    for (const key of keys) expect((await askWith(key, '/api/v1/access')).status).toBe(200);
    expect((await askWith(keys[1], '/api/v1/sync-runs')).status).toBe(200);
    expect((await askWith('nonsense', '/api/v1/access')).status).toBe(401);
    gone.abort();
    expect((await Promise.allSettled(slow)).map(({ status }) => status)).toEqual(Array(12).fill('rejected'));
    await expect.poll(waiting, { timeout: 10_000 }).toEqual([]);
    await locker.query('rollback');
    expect((await askWith(keys[0], '/api/v1/sessions')).status).toBe(200);
  });
});

it('makes two downloads of a client at once', async () => {
  const { query, remove } = await addManyRows(history);
  const begin = async () => {
    const request = http.get(`${open.url}/api/v1/sessions?format=ndjson&${query}`);
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    return { request, status: response.statusCode };
  };
  const [first, second, third] = [await begin(), await begin(), await begin()];
  expect([first.status, second.status, third.status]).toEqual([200, 200, 429]);
  for (const { request } of [first, second, third]) request.destroy();
  await expect
    .poll(async () => {
      const again = await begin();
      again.request.destroy();
      return again.status;
    })
    .toBe(200);
  await remove();
});

it('bounds a page in bytes, and walks all rows all the same', async () => {
  const { query, remove } = await addManyRows(history, 60, 1_000_000);
  const answer = await open.ask(`/api/v1/sessions?${query}&limit=1000`);
  const body = await answer.text();
  expect([answer.status, body.length < 20_000_000]).toEqual([200, true]);
  expect((JSON.parse(body) as Page).page.nextCursor).not.toBeNull();
  const rows = await walk(open, `/api/v1/sessions?${query}`, 1_000);
  expect(new Set(rows.map(({ sessionId }) => sessionId)).size).toBe(60);
  expect(rows).toHaveLength(60);
  const all = await (await open.ask(`/api/v1/sessions?format=ndjson&${query}`)).text();
  expect(all.trimEnd().split('\n')).toHaveLength(60);
  await remove();
});

/** More than the buffers between a history and its client can swallow. */
async function addManyRows(to: TestDatabase, count = 30_000, length = 1_000) {
  const write = (sql: string) =>
    to.query(`begin; set local session_replication_role = replica; ${sql}; commit`);
  const job = `many ${count}`;
  await write(
    `insert into sessions (source_id, session_id, session_name, kind, is_retry, created_at, job_name)
     select 1, gen_random_uuid(), repeat('x', ${length}), 'other', false, '2020-01-01', '${job}' from generate_series(1, ${count})`,
  );
  return {
    query: `job=${encodeURIComponent(job)}`,
    remove: () => write(`delete from sessions where job_name = '${job}'`),
  };
}

it('answers If-None-Match: * with 304 where there is something', async () => {
  const statusOf = async (address: string) =>
    (await open.ask(address, { headers: { 'if-none-match': '*' } })).status;
  expect(await statusOf('/api/v1/sessions')).toBe(304);
  expect(await statusOf('/api/v1/sessions?format=csv')).toBe(304);
  expect(await statusOf('/api/v1/computers/PC-1')).toBe(304);
  expect(await statusOf('/api/v1/computers/nowhere')).toBe(404);
  expect(await statusOf('/api/v1/sessions?limit=x')).toBe(400);
});

it.each([
  ['1e-400', 400],
  ['-1e-400', 400],
  [`0.${'0'.repeat(340)}1`, 400],
  ['1e400', 400],
  ['0e-400', 200],
  ['1e-300', 200],
])('answers a cursor with the number %s as it should', async (number, status) => {
  const parts = [
    'sessions',
    '-durationSeconds',
    number,
    '2026-10-05T00:00:00.000000Z',
    '1',
    '0c5e4d9b-0f8a-4a5c-9d35-6a2c1f0e7a11',
  ];
  const cursor = Buffer.from(JSON.stringify(parts)).toString('base64url');
  const answer = await open.ask(`/api/v1/sessions?sort=-durationSeconds&cursor=${cursor}`);
  expect(answer.status).toBe(status);
});

it('shows no time that readers have no year for, however far ahead a session was said to end', async () => {
  await history.query(
    `insert into sessions (source_id, session_id, session_name, kind, is_retry, created_at, ended_at, computer, state, result)
     select 1, gen_random_uuid(), 'x', 'computer', false, now() - interval '1 day' * day, '9999-12-31T23:59:59.999999Z', 'FAR', 'Stopped', 'Success'
     from generate_series(1, 3) as day;
     insert into labels (source_id, scope, target_key, computer, labels)
     values (1, 'computer', computer_key('FAR TOO'), 'FAR TOO', '{"max_age_hours": "26"}');
     insert into sessions (source_id, session_id, session_name, kind, is_retry, created_at, ended_at, computer, state, result)
     values (1, gen_random_uuid(), 'x', 'computer', false, '2026-01-01Z', '9999-12-31T23:59:59.999999Z', 'FAR TOO', 'Stopped', 'Success')`,
  );
  await keepFigures(history);
  for (const computer of ['FAR', 'FAR TOO']) {
    const { data } = (await (
      await open.ask(`/api/v1/computers?computer=${encodeURIComponent(computer)}`)
    ).json()) as Page;
    expect(data).toMatchObject([{ computer, expectedBy: '9999-12-31T23:59:59.999999Z' }]);
  }
  const parquet = await open.ask('/api/v1/computers?format=parquet');
  expect((await parquet.arrayBuffer()).byteLength).toBeGreaterThan(100);
});

describe('a key', () => {
  it('ends when it was told to', async () => {
    const key = await makeKey('short', '--expires', '2999-12-31');
    expect((await askWith(key, '/api/v1/access')).status).toBe(200);
    await database.query(`update api_keys set expires_at = '2026-11-01T12:00:00Z' where name = 'short'`);
    const refused = await askWith(key, '/api/v1/access');
    expect([refused.status, await refused.json()]).toMatchObject([
      401,
      { detail: 'The key expired at 2026-11-01T12:00:00Z. Make another: session-history keys create.' },
    ]);
    const list = await runHere(['keys', 'list'], { DATABASE_URL: database.url });
    expect(list.stdout).toMatch(/short .* expired 2026-11-01 12:00 UTC/);
  });

  it.each(['yesterday', '2020-01-01', '2026-02-30'])('is not made to end %s', async (date) => {
    const result = await runHere(['keys', 'create', '--name', 'x', '--expires', date], {
      DATABASE_URL: database.url,
    });
    expect([result.code, result.stdout]).toEqual([2, '']);
    expect(result.stderr).toContain(`--expires ${date}`);
  });

  it('that is good passes while others at its address are refused too often', async () => {
    expect((await askWith(keys[0], '/api/v1/access')).status).toBe(200);
    const statuses = new Set<number>();
    await expect
      .poll(
        async () => {
          const answers = await Promise.all(
            Array.from({ length: 50 }, () => askWith(undefined, '/api/v1/access')),
          );
          for (const { status } of answers) statuses.add(status);
          return answers.at(-1)?.status;
        },
        { timeout: 30_000, interval: 0 },
      )
      .toBe(429);
    expect([...statuses].sort()).toEqual([401, 429]);
    expect((await askWith(keys[0], '/api/v1/access')).status).toBe(200);
    // Also one that this process has never seen.
    const fresh = await makeKey('fresh');
    await expect.poll(async () => (await askWith(fresh, '/api/v1/access')).status).toBe(200);
    expect((await askWith('shk_nonsense', '/api/v1/access')).status).toBe(429);
    const refusals = closed.service.lines.filter(({ msg }) => msg === 'a request was refused');
    const said = refusals.map(({ refusal, address }) => `${String(refusal)} ${String(address)}`);
    // Six hundred refusals are a few lines.
    expect(said.length).toBeLessThan(20);
    expect(said).toContain('too-many-requests 127.0.0.1');
    expect(JSON.stringify(refusals)).not.toContain(keys[0]);
  });
});

it('makes the first key when others may ask, says it once, and no second', async () => {
  const empty = await createTestDatabase();
  const environment = { DATABASE_URL: empty.url, API_HOST: '0.0.0.0' };
  const refused = await startService('api', environment).ended;
  expect([refused.code, refused.stderr.includes('API_FIRST_KEY=true')]).toEqual([2, true]);
  const keysIn = async () => {
    const api = await startApi({ ...environment, API_FIRST_KEY: 'true' });
    const found = api.service.lines.flatMap(({ msg }) => /shk_\S+/.exec(msg) ?? []);
    const statuses = await Promise.all(
      [found[0] ?? 'none', 'none'].map(
        async (key) =>
          (
            await fetch(`${api.url.replace('0.0.0.0', '127.0.0.1')}/api/v1/access`, {
              headers: { authorization: `Bearer ${key}` },
            })
          ).status,
      ),
    );
    await api.service.stop();
    return { found: found.length, statuses };
  };
  expect(await keysIn()).toEqual({ found: 1, statuses: [200, 401] });
  expect(await keysIn()).toEqual({ found: 0, statuses: [401, 401] });
  expect(await empty.query('select name, scope from api_keys')).toEqual([
    { name: 'first-start', scope: 'read' },
  ]);
  await empty.drop();
});

it('sends headers that keep browsers from what nothing here needs', async () => {
  const page = await open.ask('/');
  expect(page.headers.get('content-security-policy')).toContain(
    "require-trusted-types-for 'script'; trusted-types 'none'",
  );
  for (const address of ['/', '/api/v1/sessions', '/docs/', '/openapi.json']) {
    const { headers } = await open.ask(address);
    expect([address, Object.fromEntries(headers)]).toMatchObject([
      address,
      {
        'permissions-policy': expect.stringContaining('camera=()') as string,
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      },
    ]);
  }
});
