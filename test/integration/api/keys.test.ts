import http from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApi } from '../../../src/api/build-api.ts';
import { openQueryPool } from '../../../src/query/sql/open-query-pool.ts';
import { runHere } from '../../support/run-here.ts';
import { startApi, type RunningApi } from '../../support/start-api.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

const anId = '0c5e4d9b-0f8a-4a5c-9d35-6a2c1f0e7a11';
/** Every address that shows or does something, and its answer to a key that may. */
const routes: readonly (readonly [string, string, number])[] = [
  ['GET', '/api/v1/sessions', 200],
  ['GET', '/api/v1/sessions?format=csv', 200],
  ['HEAD', '/api/v1/sessions', 200],
  ['GET', `/api/v1/sessions/${anId}`, 404],
  ['GET', '/api/v1/jobs', 200],
  ['GET', `/api/v1/jobs/${anId}`, 404],
  ['GET', '/api/v1/computers', 200],
  ['GET', '/api/v1/computers/PC-1', 404],
  ['GET', '/api/v1/servers', 200],
  ['GET', '/api/v1/reports/daily-outcomes', 200],
  ['GET', '/api/v1/reports/overdue', 200],
  ['GET', '/api/v1/reports/outcomes-by-day', 200],
  ['GET', '/api/v1/reports/computer-calendar', 200],
  ['GET', '/api/v1/reports/duration-growth', 200],
  ['GET', '/api/v1/access', 200],
  ['GET', '/api/v1/sources', 200],
  ['GET', '/api/v1/sync-runs', 200],
  ['GET', `/api/v1/sync-runs/${anId}`, 404],
  ['GET', '/api/v1/nothing', 404],
];

let database: TestDatabase;
let api: RunningApi;

const makeKey = async (scope: 'read' | 'operate') =>
  (
    await runHere(['keys', 'create', '--name', `a ${scope} key`, '--scope', scope], {
      DATABASE_URL: database.url,
    })
  ).stdout.trim();
const ask = (method: string, address: string, key?: string, more: Record<string, string> = {}) =>
  api.ask(address, {
    method,
    headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...more },
  });
const problemOf = async (answer: Response) =>
  ((await answer.json()) as { readonly type: string }).type.replace('/problems/', '');

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi({ DATABASE_URL: database.url, API_CORS_ORIGINS: 'https://bi.example' });
});
afterAll(async () => {
  await api.service.stop();
  await database.drop();
});

/** A request by whatever name, as a browser whose DNS was bent would send it. */
async function askAs(host: string): Promise<{ readonly status: number; readonly body: string }> {
  const request = http.get(`${api.url}/api/v1/sessions`, { headers: { host } });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

describe('while there is no key', () => {
  it.each(routes)('%s %s is open on this machine', async (method, address, status) => {
    expect((await ask(method, address)).status).toBe(status);
  });

  it('a key that is sent is refused all the same', async () => {
    expect((await ask('GET', '/api/v1/sessions', 'nonsense')).status).toBe(401);
  });

  it('answers to the names of this machine only', async () => {
    for (const host of ['localhost:8080', '127.0.0.1', '[::1]:8080'])
      expect([host, (await askAs(host)).status]).toEqual([host, 200]);
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:8080', '10.0.0.1'])
      expect([host, (await askAs(host)).status]).toEqual([host, 421]);
  });

  it('is open to this machine only, whatever name a stranger says', async () => {
    const pool = openQueryPool(database.url, 1, () => undefined);
    const own = await buildApi({
      log: pino({ enabled: false }),
      readHealth: () => Promise.reject(new Error('not asked')),
      renderMetrics: () => Promise.reject(new Error('not asked')),
      isKnownElsewhere: () => Promise.resolve(false),
      query: {
        dashboardFolder: '',
        version: '0',
        pool: () => pool,
        accessPool: () => pool,
        noteKeyUse: () => undefined,
        requestSync: () => Promise.resolve('unknown'),
        labels: {
          change: () => Promise.resolve({ changed: 0, problems: [] }),
        },
        rateLimit: 10,
        corsOrigins: [],
      },
    });
    const statusFor = async (remoteAddress: string) =>
      (await own.inject({ url: '/api/v1/sources', headers: { host: 'localhost' }, remoteAddress }))
        .statusCode;
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
      expect([address, await statusFor(address)]).toEqual([address, 200]);
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fe80::1', '192.168.127.1'])
      expect([address, await statusFor(address)]).toEqual([address, 421]);
    await own.close();
    await pool.end();
  });

  it("a page of another site can start nothing in its visitor's name", async () => {
    const answer = await ask('POST', '/api/v1/sources/em/sync', undefined, {
      origin: 'https://evil.example',
    });
    expect([answer.status, await problemOf(answer)]).toEqual([403, 'forbidden']);
    const opaque = await ask('POST', '/api/v1/sources/em/sync', undefined, { origin: 'null' });
    expect(opaque.status).toBe(403);
    const own = await ask('POST', '/api/v1/sources/em/sync', undefined, { origin: api.url });
    expect([own.status, await problemOf(own)]).toEqual([404, 'not-found']);
  });
});

describe('with keys', () => {
  let read = '';
  let operate = '';
  beforeAll(async () => {
    [read, operate] = [await makeKey('read'), await makeKey('operate')];
  });

  it.each(routes)('%s %s takes a good key', async (method, address, status) => {
    for (const key of [undefined, 'x', `${read}x`, read.slice(0, -1), '%00', `${read} ${operate}`]) {
      const answer = await ask(method, address, key);
      expect([key === undefined, answer.status, answer.headers.get('www-authenticate')]).toEqual([
        key === undefined,
        401,
        'Bearer',
      ]);
      const body = await answer.text();
      expect(body).not.toContain(read);
      expect(body).not.toMatch(/select|from |key_hash/i);
    }
    for (const key of [read, operate]) expect((await ask(method, address, key)).status).toBe(status);
  });

  it('says what each may do', async () => {
    for (const [key, scope] of [
      [read, 'read'],
      [operate, 'operate'],
    ] as const)
      expect(await (await ask('GET', '/api/v1/access', key)).json()).toEqual({
        scope,
        isKeyNeeded: true,
        sources: [],
        customers: [],
      });
  });

  it('takes no key from the address, a cookie or another scheme', async () => {
    expect((await ask('GET', `/api/v1/sessions?key=${read}`)).status).toBe(401);
    expect((await ask('GET', '/api/v1/sessions', undefined, { cookie: `key=${read}` })).status).toBe(401);
    expect((await ask('GET', '/api/v1/sessions', undefined, { authorization: `Basic ${read}` })).status).toBe(
      401,
    );
  });

  it('a key to read starts nothing', async () => {
    const refused = await ask('POST', '/api/v1/sources/em/sync', read);
    expect([refused.status, await problemOf(refused)]).toEqual([403, 'forbidden']);
    const allowed = await ask('POST', '/api/v1/sources/em/sync', operate);
    expect([allowed.status, await problemOf(allowed)]).toEqual([404, 'not-found']);
    expect((await ask('POST', '/api/v1/sources/em/sync')).status).toBe(401);
  });

  it('stores hashes and when a key was used, and no key', async () => {
    await expect
      .poll(async () => (await database.query('select from api_keys where last_used_at is null')).length)
      .toBe(0);
    const rows = JSON.stringify(
      await database.query(
        `select to_jsonb(key)::text || encode(key.key_hash, 'escape') as row from api_keys as key`,
      ),
    );
    expect(rows).not.toContain(read);
    expect(rows).not.toContain(operate);
  });

  it('is worthless at once when it is revoked, also while others are good', async () => {
    const key = await makeKey('read');
    expect((await ask('GET', '/api/v1/sessions', key)).status).toBe(200);
    const [row] = await database.query<{ id: string }>(
      'select id from api_keys order by created_at desc limit 1',
    );
    const revoked = await runHere(['keys', 'revoke', row?.id ?? ''], { DATABASE_URL: database.url });
    expect(revoked.code).toBe(0);
    expect((await ask('GET', '/api/v1/sessions', key)).status).toBe(401);
    expect((await ask('GET', '/api/v1/sessions', read)).status).toBe(200);
  });

  it('stays closed when the last one is revoked', async () => {
    const other = await createTestDatabase();
    const closed = await startApi({ DATABASE_URL: other.url });
    const status = async () => (await closed.ask('/api/v1/sources')).status;
    expect(await status()).toBe(200);
    await runHere(['keys', 'create', '--name', 'only'], { DATABASE_URL: other.url });
    expect(await status()).toBe(401);
    await other.query('update api_keys set revoked_at = now()');
    expect(await status()).toBe(401);
    await closed.service.stop();
    await other.drop();
  });

  it('shows what asks for no key to everybody', async () => {
    for (const address of [
      '/',
      '/healthz',
      '/readyz',
      '/metrics',
      '/openapi.json',
      '/docs/',
      '/problems/forbidden',
    ])
      expect([address, (await ask('GET', address)).status]).toEqual([address, 200]);
  });

  it('lets pages of configured origins ask, and no others', async () => {
    const preflight = (origin: string) =>
      ask('OPTIONS', '/api/v1/sessions', undefined, {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      });
    const allowed = await preflight('https://bi.example');
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'https://bi.example',
    ]);
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    const answer = await ask('GET', '/api/v1/sessions', read, { origin: 'https://bi.example' });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://bi.example');
    expect(answer.headers.get('vary')?.toLowerCase()).toContain('origin');
  });

  it('sends headers that keep browsers careful', async () => {
    const { headers } = await ask('GET', '/api/v1/sessions', read);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-cache',
      'referrer-policy': 'no-referrer',
    });
  });

  it('holds each key to its rate', async () => {
    const limited = await startApi({ DATABASE_URL: database.url, API_RATE_LIMIT: '5' });
    const askWith = (key: string) =>
      limited.ask('/api/v1/sources', { headers: { authorization: `Bearer ${key}` } });
    try {
      for (let request = 0; request < 5; request += 1) expect((await askWith(read)).status).toBe(200);
      const refused = await askWith(read);
      expect([refused.status, await problemOf(refused)]).toEqual([429, 'too-many-requests']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await askWith(operate)).status).toBe(200);
    } finally {
      await limited.service.stop();
    }
  });
});
