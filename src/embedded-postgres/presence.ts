import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { SyncError } from '../domain/sync-error.ts';
import { clusterUrl, historyName, type Cluster } from './cluster.ts';
import { isServer, readPidFile } from './running-server.ts';
import { runProgram } from './run-program.ts';

/**
 * One process's use of the server: a connection that holds an advisory lock, shared by all that use it. Who stops the server
 * takes it alone, so nobody can come in between the question whether anyone is left and the end. A killed process's
 * connection is closed for it, so its presence ends with it.
 */
export type Presence = { readonly url: string; readonly client: pg.Client };

/** Any number: "pres" in ASCII. Advisory locks belong to a database; this one is taken in `postgres`. */
const presenceLock = 0x70726573;

/** A connection of somebody else's is given a moment: it may be closed already and only not yet gone from pg_stat_activity. */
const strangersMs = 2_000;
/** Ours, with no presence behind them, are on their way out, however slowly on a busy machine. */
const farewellMs = 60_000;
/** Writes out what is in memory, up to 128 MB. */
const shutdownMs = 60_000;

/**
 * Joins those who use the server, or says why not: `absent` (nothing runs), `busy` (it starts, recovers or stops, and will
 * soon be usable or gone). Throws SyncError `permanent` when it runs and yet cannot be used.
 */
export async function enterServer(cluster: Cluster): Promise<Presence | 'absent' | 'busy'> {
  const file = readPidFile(cluster);
  if (file === undefined || !(await isServer(file.pid, cluster))) return 'absent';
  if (file.port === undefined) return 'busy';
  const client = new pg.Client({
    connectionString: clusterUrl(cluster, file.port, 'postgres'),
    application_name: 'session-history presence',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select pg_advisory_lock_shared($1)', [presenceLock]);
    await createDatabase(client);
    return { url: clusterUrl(cluster, file.port, historyName), client };
  } catch (error) {
    await client.end().catch(() => undefined);
    // Not its answer: the connection was refused or cut. Class 57: it starts, recovers or shuts down.
    if (!(error instanceof pg.DatabaseError) || error.code?.startsWith('57') === true) return 'busy';
    throw new SyncError(
      'permanent',
      `The embedded PostgreSQL in ${cluster.dataDir} cannot be used: ${error.message}.`,
      { cause: error },
    );
  }
}

async function createDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [historyName]);
  if (rowCount !== 0) return;
  try {
    await client.query(`create database ${historyName}`);
  } catch (error) {
    // Made by another process in the same moment (duplicate_database, or its key in the catalogue).
    const code = error instanceof pg.DatabaseError ? error.code : undefined;
    if (code !== '42P04' && code !== '23505') throw error;
  }
}

/** Leaves the server, and stops it when no process of ours and no other client is left. Throws nothing. */
export async function leaveServer(cluster: Cluster, { client }: Presence): Promise<void> {
  try {
    if (await isLast(client)) await stopServer(cluster);
  } catch {
    // It is down already, or stays up for the next process to take over; neither is worth failing a finished command.
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function stopServer(cluster: Cluster): Promise<void> {
  const pid = readPidFile(cluster)?.pid;
  // Not with pg_ctl's own --wait: that waits for any server to be gone, also one that a newcomer started in the meantime.
  await runProgram(
    cluster.binaries.pg_ctl,
    ['stop', '--no-wait', '--silent', '--mode=fast', '-D', cluster.data],
    cluster.account,
    { cwd: cluster.dataDir },
  );
  const deadline = Date.now() + shutdownMs;
  while (pid !== undefined && readPidFile(cluster)?.pid === pid && Date.now() < deadline) {
    if (!(await isServer(pid, cluster))) return;
    await sleep(10);
  }
}

/** True with the lock held alone, which keeps newcomers waiting until the server is down. */
async function isLast(client: pg.Client): Promise<boolean> {
  await client.query('select pg_advisory_unlock_shared($1)', [presenceLock]);
  const began = Date.now();
  for (;;) {
    const { rows } = await client.query<{ alone: boolean }>('select pg_try_advisory_lock($1) as alone', [
      presenceLock,
    ]);
    if (rows[0]?.alone !== true) return false;
    const { rows: others } = await client.query<{ ours: boolean }>(
      `select application_name like 'session-history%' as ours
       from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    if (others.length === 0) return true;
    await client.query('select pg_advisory_unlock($1)', [presenceLock]);
    const patience = others.some(({ ours }) => ours) ? farewellMs : strangersMs;
    if (Date.now() - began > patience) return false;
    await sleep(25);
  }
}
