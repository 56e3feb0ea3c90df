import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { SyncError } from '../../domain/sync-error.ts';
import { loadBinaries, type Binaries } from './load-binaries.ts';
import { serverAccount, type ServerAccount } from './server-account.ts';

export type EmbeddedPostgres = {
  readonly url: string;
  /** Stops the server unless another process of this program still uses it. */
  stop(): Promise<void>;
};

const run = promisify(execFile);
const database = 'session_history';
const superuser = 'session_history';
const startAttempts = 40;

/**
 * The PostgreSQL that comes with this program, with its data under `dataDir`. The first process starts it, others join, and
 * the last to leave stops it; a server left over by a killed process is taken over. It listens on 127.0.0.1 only, behind a
 * random password kept in the folder. It runs detached: a Ctrl-C in the terminal must not reach it before our own farewell.
 * Throws SyncError `permanent` with the reason when it cannot run here.
 */
export async function startEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgres> {
  const binaries = await loadBinaries();
  const account = serverAccount(dataDir, binaries.postgres);
  const cluster: Cluster = {
    binaries,
    account,
    folder: path.join(dataDir, 'postgres'),
    log: path.join(dataDir, 'postgres.log'),
    passwordFile: path.join(dataDir, 'postgres.password'),
    initLock: path.join(dataDir, 'postgres.starting'),
  };
  let lastError: unknown;
  for (let attempt = 0; attempt < startAttempts; attempt += 1) {
    const port = await runningPort(cluster);
    if (port !== undefined) {
      const url = `postgres://${superuser}:${readPassword(cluster)}@127.0.0.1:${port}/`;
      await createDatabase(url);
      return { url: url + database, stop: () => stopUnlessUsed(cluster, url) };
    }
    try {
      await exclusively(cluster, () => start(cluster));
    } catch (error) {
      if (error instanceof SyncError) throw error;
      // Another process starts or stops it at this moment, or it still recovers; a real failure comes back every time.
      lastError = error;
      await sleep(100 + attempt * 20);
    }
  }
  const reason = lastError instanceof Error ? lastError.message.split('\n').at(0) : String(lastError);
  throw new SyncError(
    'permanent',
    `The embedded PostgreSQL does not start: ${reason ?? ''}. See ${cluster.log}.`,
    { cause: lastError },
  );
}

type Cluster = {
  readonly binaries: Binaries;
  readonly account: ServerAccount;
  readonly folder: string;
  readonly log: string;
  readonly passwordFile: string;
  readonly initLock: string;
};

const readPassword = (cluster: Cluster) => readFileSync(cluster.passwordFile, 'utf8').trim();

/** The port of a server that answers for this folder. */
async function runningPort(cluster: Cluster): Promise<number | undefined> {
  let port: number;
  try {
    // Lines of postmaster.pid: process id, folder, start time, port, ...
    port = Number(readFileSync(path.join(cluster.folder, 'postmaster.pid'), 'utf8').split('\n')[3]);
  } catch {
    return undefined;
  }
  if (!(port > 0)) return undefined;
  const client = new pg.Client({
    connectionString: `postgres://${superuser}:${readPassword(cluster)}@127.0.0.1:${port}/postgres`,
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ folder: string }>(
      `select current_setting('data_directory') as folder`,
    );
    return path.resolve(rows[0]?.folder ?? '') === path.resolve(cluster.folder) ? port : undefined;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** One process at a time; a lock whose owner is dead is taken away from it. */
async function exclusively(cluster: Cluster, work: () => Promise<void>): Promise<void> {
  let lock: number;
  try {
    lock = openSync(cluster.initLock, 'wx', 0o600);
  } catch (error) {
    if (!isAlive(Number(readIfThere(cluster.initLock)))) rmSync(cluster.initLock, { force: true });
    throw error;
  }
  try {
    writeFileSync(lock, String(process.pid));
    await work();
  } finally {
    closeSync(lock);
    rmSync(cluster.initLock, { force: true });
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function start(cluster: Cluster): Promise<void> {
  if (!existsSync(path.join(cluster.folder, 'PG_VERSION'))) await initialise(cluster);
  const settings = {
    port: await freePort(),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_buffers: '128MB',
    max_connections: 100,
    max_wal_size: '1GB',
    wal_compression: 'on',
    log_min_messages: 'warning',
  };
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}="${value}"`);
  await run(
    cluster.binaries.pg_ctl,
    ['start', '--wait', '--silent', '-D', cluster.folder, '-l', cluster.log, '-o', options.join(' ')],
    { ...cluster.account, cwd: path.dirname(cluster.folder), timeout: 60_000 },
  );
}

/** Made beside its place and moved there when done, so that a killed initdb leaves nothing that looks finished. */
async function initialise(cluster: Cluster): Promise<void> {
  const unfinished = `${cluster.folder}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  rmSync(cluster.folder, { recursive: true, force: true });
  writeFileSync(cluster.passwordFile, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
  chmodSync(cluster.passwordFile, 0o600);
  if (cluster.account.uid !== undefined)
    chownSync(cluster.passwordFile, cluster.account.uid, cluster.account.gid ?? 0);
  await run(
    cluster.binaries.initdb,
    [
      '-D',
      unfinished,
      '-U',
      superuser,
      '-A',
      'scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
      `--pwfile=${cluster.passwordFile}`,
    ],
    { ...cluster.account, cwd: path.dirname(cluster.folder), timeout: 120_000 },
  );
  renameSync(unfinished, cluster.folder);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${url}postgres` });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${database}`);
  } catch (error) {
    // Made by another process in the same moment.
    if (!/duplicate|already exists/.test(String(error))) throw error;
  } finally {
    await client.end();
  }
}

async function stopUnlessUsed(cluster: Cluster, url: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${url}postgres`, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ others: number }>(
      `select count(*)::integer as others from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    if ((rows[0]?.others ?? 0) > 0) return;
  } catch {
    return;
  } finally {
    await client.end().catch(() => undefined);
  }
  await run(cluster.binaries.pg_ctl, ['stop', '--wait', '--silent', '-m', 'fast', '-D', cluster.folder], {
    ...cluster.account,
    cwd: path.dirname(cluster.folder),
    timeout: 60_000,
  }).catch(() => undefined);
}
