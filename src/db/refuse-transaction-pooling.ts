import pg from 'pg';
import { SyncError } from '../domain/sync-error.ts';

/** Busy poolers lend the same server process by chance; three rounds without a sign are taken for session mode. */
const rounds = 3;
/** A pooler in session mode with one connection to lend keeps the second client waiting. That proves nothing, and ends here. */
const patienceMs = 5_000;

/**
 * Throws SyncError `permanent` when a pooler lends its connections by the transaction: an advisory lock would stay with whoever
 * comes next, and a setting with it. Costs nothing where the connection is direct: there the process that greeted the client is
 * the one that answers. A pooler greets with a number of its own, and is tried out with a second client.
 */
export async function refuseTransactionPooling(
  client: pg.Client,
  serverPid: number,
  databaseUrl: string,
): Promise<void> {
  if (greeterOf(client) === serverPid) return;
  const second = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'session-history probe',
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
  });
  second.on('error', () => undefined);
  try {
    if (await sharesServers(client, second, serverPid)) throw new SyncError('permanent', advice);
  } catch (error) {
    if (error instanceof SyncError) throw error;
    // PgBouncer's statement mode knows no transactions at all.
    if (/transaction blocks not allowed/i.test((error as Error).message))
      throw new SyncError('permanent', advice, { cause: error });
    // The second client got no turn: that is for the pools to find out.
  } finally {
    await second.end().catch(() => undefined);
  }
}

const advice =
  'DATABASE_URL leads through a pooler in transaction mode, in which locks and settings do not stay with their connection. ' +
  'Connect to PostgreSQL directly, or set the pooler to session mode for this database (PgBouncer: pool_mode=session).';

/** Whether two clients are served by one process, or one client by two, while the second holds a transaction. */
async function sharesServers(first: pg.Client, second: pg.Client, firstPid: number): Promise<boolean> {
  await second.connect();
  let known = firstPid;
  for (let round = 0; round < rounds; round++) {
    await second.query('begin');
    try {
      if ((await askPid(second)) === known) return true;
      const now = await askPid(first);
      if (now !== known) return true;
      known = now;
    } finally {
      await second.query('rollback');
    }
  }
  return false;
}

async function askPid(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? 0;
}

/** The number given at the greeting, for cancelling. Node-postgres keeps it without having it in its types. */
const greeterOf = (client: pg.Client): number | null =>
  (client as unknown as { processID: number | null }).processID;
