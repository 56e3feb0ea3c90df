import pg from 'pg';
import { patience } from './open-pool.ts';
import { refuseTransactionPooling } from './refuse-transaction-pooling.ts';
import { startSession, type SessionSettings } from './start-session.ts';

/**
 * A connection of its own, for what has to stay in one: locks, migrations, rebuilds. Ready with this program's settings; `settings`
 * come on top. Refuses a pooler in transaction mode. Whoever takes it has to listen to its `error` and to end it.
 * Throws the driver's error, or SyncError `permanent`.
 */
export async function connectClient(
  databaseUrl: string,
  name: string,
  options: {
    readonly settings?: SessionSettings;
    /** Milliseconds the client waits for an answer; without it, for ever. */
    readonly queryMs?: number;
    /** Hears of the end of the connection from the first moment on. */
    readonly prepare?: (client: pg.Client) => void;
  } = {},
): Promise<pg.Client> {
  const client = new pg.Client({
    ...patience,
    connectionString: databaseUrl,
    application_name: name,
    ...(options.queryMs !== undefined && { query_timeout: options.queryMs }),
  });
  // The statement under way tells of it; without a listener the event would end the process.
  client.on('error', () => undefined);
  options.prepare?.(client);
  await client.connect();
  try {
    const { serverPid } = await startSession(client, options.settings);
    await refuseTransactionPooling(client, serverPid, databaseUrl);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}
