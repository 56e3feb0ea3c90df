import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { SyncError } from '../../src/domain/sync-error.ts';
import { serverAccount } from '../../src/embedded-postgres/server-account.ts';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/embedded-postgres/start-embedded-postgres.ts';
import { noteProcess } from '../support/leaks.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
let dataDir: string;
const started: EmbeddedPostgres[] = [];

beforeEach(() => {
  folder = makeTemporaryFolder('embedded');
  dataDir = path.join(folder.path, 'data');
});

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
  expect(serverPid()).toBeUndefined();
  folder.remove();
});

async function start(): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres(dataDir);
  started.push(server);
  return server;
}

const pidFile = () => path.join(dataDir, 'postgres/data/postmaster.pid');
const serverPid = () =>
  existsSync(pidFile()) ? Number(readFileSync(pidFile(), 'utf8').split('\n')[0]) : undefined;
const log = () => readFileSync(path.join(dataDir, 'postgres.log'), 'utf8');

async function connect(server: EmbeddedPostgres): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function ask(server: EmbeddedPostgres, sql: string): Promise<unknown> {
  const client = await connect(server);
  try {
    const result = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
    return result.rows[0]?.[0];
  } finally {
    await client.end();
  }
}

describe('a server of its own', () => {
  it('listens on loopback only, durably, and knows the case of all alphabets', async () => {
    const server = await start();
    expect(new URL(server.url)).toMatchObject({ hostname: '127.0.0.1', pathname: '/session_history' });
    for (const [name, value] of Object.entries({
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'on',
      synchronous_commit: 'on',
      server_encoding: 'UTF8',
      timezone: 'UTC',
      data_checksums: 'on',
    }))
      expect([name, await ask(server, `show ${name}`)]).toEqual([name, value]);
    expect(await ask(server, `select 'ZÜRICH Москва' ilike 'zürich МОСКВА'`)).toBe(true);
  });

  it('asks for a password that only its owner can read', async () => {
    const server = await start();
    const password = path.join(dataDir, 'postgres/password');
    expect(statSync(password).mode & 0o777).toBe(0o600);
    expect(new URL(server.url).password).toBe(readFileSync(password, 'utf8').trim());
    const stranger = new URL(server.url);
    stranger.password = 'guess';
    await expect(new pg.Client({ connectionString: stranger.href }).connect()).rejects.toMatchObject({
      code: '28P01',
    });
  });

  it('keeps nothing of our environment, which holds passwords', async () => {
    vi.stubEnv('EM_PASSWORD', 'hunter2');
    try {
      await start();
      const environment = `/proc/${serverPid() ?? 0}/environ`;
      if (existsSync(environment)) expect(readFileSync(environment, 'utf8')).not.toContain('hunter2');
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('keeps its data and its address from one start to the next', async () => {
    const first = await start();
    await ask(first, 'create table kept as select 42 as answer');
    await first.stop();
    await first.stop();
    expect(serverPid()).toBeUndefined();
    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await ask(second, 'select answer from kept')).toBe(42);
  });

  it('takes another port when somebody has its own', async () => {
    const first = await start();
    await first.stop();
    const squatter = createServer().listen(Number(new URL(first.url).port), '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const second = await start();
      expect(second.url).not.toBe(first.url);
      expect(await ask(second, 'select 1')).toBe(1);
    } finally {
      squatter.close();
    }
  });

  it('works in a folder with an awkward name', async () => {
    dataDir = path.join(folder.path, `it's "a" $HOME \`folder\` – für alle`);
    expect(await ask(await start(), 'select 1')).toBe(1);
  });

  it('is the same through a symbolic link', async () => {
    const direct = await start();
    symlinkSync(dataDir, path.join(folder.path, 'link'));
    const linked = await startEmbeddedPostgres(path.join(folder.path, 'link'));
    started.push(linked);
    expect(linked.url).toBe(direct.url);
  });
});

describe('a server shared by processes', () => {
  it('is started once by many that come at the same time', async () => {
    const servers = await Promise.all([start(), start(), start(), start()]);
    expect(new Set(servers.map((server) => server.url)).size).toBe(1);
    expect(readdirSync(dataDir).sort()).toEqual(['postgres', 'postgres.log', 'postgres.port']);
    await Promise.all(servers.map((server) => server.stop()));
    expect(serverPid()).toBeUndefined();
  });

  it('is started once by many programs, which migrate it once', async () => {
    mkdirSync(dataDir);
    const results = await Promise.all(
      Array.from({ length: 3 }, () => runCli(['migrate'], { DATA_DIR: dataDir })),
    );
    expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      Array(3).fill({ code: 0, stderr: '' }),
    );
    expect(serverPid()).toBeUndefined();
    const server = await start();
    expect(
      await ask(server, 'select count(*) = count(distinct migration_name) from _prisma_migrations'),
    ).toBe(true);
  });

  it('is stopped by the last to leave', async () => {
    const first = await start();
    const second = await start();
    await first.stop();
    expect(await ask(second, 'select 1')).toBe(1);
    await second.stop();
    expect(serverPid()).toBeUndefined();
  });

  it('is left running while somebody else is connected', async () => {
    const first = await start();
    const guest = await connect(first);
    await first.stop();
    await expect(guest.query('select 1 as one')).resolves.toMatchObject({ rows: [{ one: 1 }] });
    const pid = serverPid();
    await start();
    expect(serverPid()).toBe(pid);
    await guest.end();
  });

  it('stops although connections were closed only just now', async () => {
    const server = await start();
    const pool = new pg.Pool({ connectionString: server.url, max: 10 });
    await Promise.all(Array.from({ length: 10 }, () => pool.query('select pg_sleep(0.01)')));
    await pool.end();
    await server.stop();
    expect(serverPid()).toBeUndefined();
  });

  it('waits for programs of ours that take long to leave, as they do on a busy machine', async () => {
    const server = await start();
    const slow = new pg.Client({ connectionString: server.url, application_name: 'session-history' });
    slow.on('error', () => undefined);
    await slow.connect();
    const stopped = server.stop();
    // Longer than a stranger's connection would be waited for.
    await slow.query('select pg_sleep(3)');
    await slow.end();
    await stopped;
    expect(serverPid()).toBeUndefined();
  });

  it('serves who comes while another leaves', async () => {
    for (let round = 0; round < 10; round += 1) {
      const leaving = await start();
      const [coming] = await Promise.all([start(), leaving.stop()]);
      expect(await ask(coming, 'select 1')).toBe(1);
      await coming.stop();
    }
  });
});

describe('after a crash', () => {
  it('of the server, the next start recovers', async () => {
    const first = await start();
    await ask(first, 'create table kept as select 42 as answer');
    const pid = serverPid() ?? 0;
    await killUnnoticed(first);
    expect(serverPid()).toBe(pid);
    const second = await start();
    expect(await ask(second, 'select answer from kept')).toBe(42);
    expect(log()).toContain('was not properly shut down');
  });

  it('of the server under a running program, it is started again at the same address', async () => {
    const server = await start();
    const pid = serverPid() ?? 0;
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(async () => expect(await ask(server, 'select 1')).toBe(1), { timeout: 30_000 });
    expect(serverPid()).not.toBe(pid);
  });

  it('of the machine, a pid file whose number went to another process is no hindrance', async () => {
    const first = await start();
    await killUnnoticed(first);
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], serverAccount());
    noteProcess(inject('runFolder'), other, 'bystander');
    try {
      writeFileSync(pidFile(), readFileSync(pidFile(), 'utf8').replace(/^\d+/, String(other.pid)));
      expect(await ask(await start(), 'select 1')).toBe(1);
    } finally {
      other.kill();
      await once(other, 'exit');
    }
  });

  it('of a program, the next takes over the server it left', async () => {
    const stalled = createServer().listen(0, '127.0.0.1');
    await once(stalled, 'listening');
    try {
      const cli = startCli(['sync'], environmentFor(stalled.address() as AddressInfo));
      await once(stalled, 'connection');
      const pid = serverPid();
      expect(pid).toBeGreaterThan(0);
      cli.process.kill('SIGKILL');
      await cli.ended;
      expect(await ask(await start(), 'select count(*)::int from report.sessions')).toBe(0);
      expect(serverPid()).toBe(pid);
    } finally {
      stalled.close();
    }
  });

  it('of an initdb, what it left is cleared away after a while and in nobody’s way before', async () => {
    mkdirSync(path.join(dataDir, 'postgres.new-old/data'), { recursive: true });
    mkdirSync(path.join(dataDir, 'postgres.new-recent'));
    const yesterday = Date.now() / 1_000 - 86_400;
    utimesSync(path.join(dataDir, 'postgres.new-old'), yesterday, yesterday);
    chmodSync(dataDir, 0o755);
    expect(await ask(await start(), 'select 1')).toBe(1);
    expect(readdirSync(dataDir).sort()).toEqual([
      'postgres',
      'postgres.log',
      'postgres.new-recent',
      'postgres.port',
    ]);
  });

  it('of a program at its very first start, the next one starts afresh', async () => {
    mkdirSync(dataDir);
    const cli = startCli(['migrate'], { DATA_DIR: dataDir });
    await vi.waitFor(() => expect(readdirSync(dataDir).join()).toContain('postgres.new-'), {
      interval: 5,
      timeout: 30_000,
    });
    cli.process.kill('SIGKILL');
    await cli.ended;
    expect(existsSync(path.join(dataDir, 'postgres'))).toBe(false);
    expect(await ask(await start(), 'select 1')).toBe(1);
  });
});

it('is not reached by the Ctrl-C that its program gets, and is stopped by it in good order', async () => {
  const stalled = createServer().listen(0, '127.0.0.1');
  await once(stalled, 'listening');
  try {
    const cli = startCli(['sync'], environmentFor(stalled.address() as AddressInfo), { ownGroup: true });
    await once(stalled, 'connection');
    process.kill(-(cli.process.pid ?? 0), 'SIGINT');
    const { code, signal } = await cli.ended;
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(log().match(/received (smart|fast|immediate) shutdown request/g)).toEqual([
      'received fast shutdown request',
    ]);
    expect(serverPid()).toBeUndefined();
  } finally {
    stalled.close();
  }
});

describe('where it cannot run', () => {
  const refusal = async () => {
    const error: unknown = await start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SyncError);
    expect(error).toMatchObject({ kind: 'permanent' });
    return (error as SyncError).message;
  };

  it('says that the place is taken, and leaves it alone', async () => {
    mkdirSync(path.join(dataDir, 'postgres/mine'), { recursive: true });
    expect(await refusal()).toMatch(/is there but holds no database of ours.*Set DATA_DIR/);
    expect(readdirSync(path.join(dataDir, 'postgres'))).toEqual(['mine']);
    expect(readdirSync(dataDir)).toEqual(['postgres']);
  });

  it('says that the data folder cannot be made', async () => {
    writeFileSync(path.join(folder.path, 'file'), '');
    dataDir = path.join(folder.path, 'file/data');
    expect(await refusal()).toMatch(/^DATA_DIR .* cannot be used: ENOTDIR/);
  });

  it('says what the server complained of', async () => {
    await (await start()).stop();
    writeFileSync(path.join(dataDir, 'postgres/data/PG_VERSION'), '12\n');
    expect(await refusal()).toMatch(
      /does not start: .*incompatible with server.* Its log is .*postgres\.log/,
    );
  });

  it.runIf(process.getuid?.() === 0)('says to root what is closed to the account it would use', async () => {
    const closed = path.join(folder.path, 'home');
    mkdirSync(path.join(closed, 'data'), { recursive: true });
    chmodSync(closed, 0o700);
    dataDir = path.join(closed, 'data');
    expect(await refusal()).toContain(`may not enter ${realpathSync(closed)}`);
  });

  it.runIf(process.getuid?.() === 0)('does not open a closed folder that holds anything', async () => {
    mkdirSync(dataDir, { mode: 0o700 });
    writeFileSync(path.join(dataDir, 'private'), '');
    expect(await refusal()).toContain(`may not enter ${realpathSync(dataDir)}`);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  });
});

function environmentFor({ port }: AddressInfo): Record<string, string> {
  mkdirSync(dataDir);
  return { DATA_DIR: dataDir, EM_URL: `http://127.0.0.1:${port}`, EM_USERNAME: 'u', EM_PASSWORD: 'p' };
}

/** Kills the server at the moment its only user leaves, so that nobody starts it again. */
async function killUnnoticed(server: EmbeddedPostgres): Promise<void> {
  process.kill(serverPid() ?? 0, 'SIGKILL');
  await server.stop();
}
