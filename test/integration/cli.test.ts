import { once } from 'node:events';
import { accessSync, constants, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { startRedis } from '../support/start-redis.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let em: Simulator;
let database: TestDatabase;
let environment: Record<string, string>;

beforeAll(async () => {
  em = await startSimulator({ sessions: 200, frozen: true });
  database = await createTestDatabase({ empty: true });
  environment = {
    EM_URL: em.url,
    EM_USERNAME: 'demo',
    EM_PASSWORD: 'demo',
    EM_NAME: 'hq',
    DATABASE_URL: database.url,
  };
});
afterAll(async () => {
  await em.close();
  await database.drop();
});

describe('session-history', () => {
  it('works the kept figures out again when asked', async () => {
    const { code, stdout } = await runCli(['migrate', '--rebuild'], environment);
    expect(code).toBe(0);
    expect(stdout).toContain('runs, computers and totals are worked out anew from the sessions');
  });

  it('syncs, and prints one JSON object and nothing else', async () => {
    const { code, stdout, stderr } = await runCli(['sync', '--json'], environment);
    expect(stderr).toBe('');
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual([
      'source',
      'runId',
      'status',
      'form',
      'listed',
      'new',
      'changed',
      'unchanged',
      'missing',
      'unreadable',
      'unfetched',
      'holes',
      'requests',
      'bytesReceived',
      'durationMs',
      'error',
    ]);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(0);
  });

  it('says how it went, and how the source stands', async () => {
    const sync = await runCli(['sync', '--source', 'hq'], environment);
    expect(sync.stdout).toMatch(
      /✓ hq {2}succeeded in .*\n {2}listed [\d,]+ {2}new 0 {2}changed 0 {2}unchanged [\d,]+ {2}missing 0/,
    );
    const status = await runCli(['status'], environment);
    expect(status.stdout).toMatch(/✓ hq {2}last run succeeded just now.*30 days until loss/);
    expect(status.stdout).toMatch(/holes: none/);
    const json = await runCli(['status', '--json'], environment);
    expect(JSON.parse(json.stdout)).toMatchObject({
      source: 'hq',
      lastStatus: 'succeeded',
      missing: 0,
      tasksWaiting: 0,
      daysUntilLoss: 30,
    });
  });

  it('fails with 1 and a reason when a source fails', async () => {
    const { code, stdout, stderr } = await runCli(['sync'], { ...environment, EM_PASSWORD: 'wr0ng-s3cret' });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /✗ hq {2}failed.*unauthorized: Enterprise Manager refused the logon of "demo" \(401\)/s,
    );
    expect(stdout + stderr).not.toContain('wr0ng-s3cret');
  });

  it.each([
    [{ EM_PASSWORD: '' }, ['sync'], /EM_PASSWORD is missing/],
    [{ EM_URL: 'em:9398' }, ['sync'], /EM_URL/],
    [{}, ['sync', '--source', 'elsewhere'], /no source "elsewhere".*hq/],
    [{}, ['backfill', '--since', 'yesterday'], /--since yesterday is not a date/],
    [{}, ['synk'], /Did you mean sync/],
  ])('stops with 2 at a bad configuration: %j %j', async (wrong, args, message) => {
    const { code, stderr, stdout } = await runCli(args, { ...environment, ...wrong });
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('refuses to send a password unencrypted', async () => {
    const { code, stderr } = await runCli(['sync'], { ...environment, EM_URL: 'http://em.example.com:9399' });
    expect(stderr).toMatch(/unencrypted.*EM_ALLOW_HTTP/);
    expect(code).toBe(2);
  });

  it('says what to do when the database is not there', async () => {
    const { code, stderr } = await runCli(['sync'], {
      ...environment,
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    });
    expect(stderr).toMatch(/The database did not answer: .*ECONNREFUSED/);
    expect(code).toBe(1);
  });

  it('examines everything', async () => {
    const { code, stdout } = await runCli(['check'], environment);
    expect(stdout).toMatch(
      /✓ configuration: 1 source\n✓ database: PostgreSQL \d+[^\n]*\n✓ queue: in the history's own PostgreSQL.*✓ logon: "demo" is accepted.*✓ session list: whole entities/s,
    );
    expect(code).toBe(0);
    expect(em.openLogons()).toBe(0);
  });

  it('examines the Redis of the queue', async () => {
    const redis = await startRedis();
    try {
      await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
      const good = await runCli(['check'], { ...environment, REDIS_URL: redis.url });
      expect(good.stdout).toMatch(
        /✓ queue server: (Redis|Valkey) \d.*\n! queue server: .*noeviction\n! queue server: .*append-only.*\n✓ queue: in Redis/,
      );
      expect(good.code).toBe(0);
    } finally {
      await redis.stop();
    }
    const gone = await runCli(['check'], { ...environment, REDIS_URL: 'redis://127.0.0.1:1' });
    expect(gone.stdout).toMatch(/✗ queue: Redis does not answer: .*ECONNREFUSED.*REDIS_URL/);
    expect(gone.code).toBe(1);
  });

  it('makes the reader role and says how to use it', async () => {
    const { code, stdout } = await runCli(['migrate'], environment);
    expect(stdout).toMatch(
      /was up to date\n.*create role "analyst" login .* in role session_history_reader;/s,
    );
    expect(code).toBe(0);
    await expect(
      database.query('set role session_history_reader; select * from sessions limit 1'),
    ).rejects.toThrow(/permission denied/);
    await database.query('reset role');
    const [allowed] = await database.query(
      `select has_schema_privilege('session_history_reader', 'report', 'usage') and has_table_privilege('session_history_reader', 'report.sessions', 'select') as allowed`,
    );
    expect(allowed).toEqual({ allowed: true });
  });

  it('shows the demo without touching what is configured', async () => {
    const { code, stdout } = await runCli(['demo', '--once'], {
      ...environment,
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    });
    expect(stdout).toMatch(/✓ sync succeeded.*0 missing.*Which computers failed most/s);
    expect(code).toBe(0);
    // A first sync of 8,000 sessions, maybe on a busy machine.
  }, 200_000);

  it('shows the running service in the demo, on another port if the usual one is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const demo = startCli(['demo'], { API_PORT: String(port), EM_URL: 'nonsense' });
    let said = '';
    demo.process.stdout?.on('data', (text: string) => (said += text));
    const url = () => /(http:\S+) +the dashboard/.exec(said)?.[1];
    try {
      await expect.poll(url, { timeout: 150_000 }).toBeDefined();
      const answer = await fetch(`${url() ?? ''}/readyz`);
      expect([answer.status, new URL(url() ?? '').port === String(port)]).toEqual([200, false]);
    } finally {
      // Also after a failure: it stops its PostgreSQL.
      demo.process.kill('SIGINT');
      await demo.ended;
      taken.close();
    }
    expect((await demo.ended).code).toBe(0);
  }, 200_000);
});

it('can be run as a program, as npx does', () => {
  const { bin } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    bin: Record<string, string>;
  };
  const program = new URL(`../../${bin['session-history'] ?? ''}`, import.meta.url);
  expect(readFileSync(program, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  accessSync(program, constants.X_OK);
});
