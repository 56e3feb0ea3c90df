import pg from 'pg';
import { classifyDatabaseError } from './classify-database-error.ts';
import { openDatabase, type Database } from './open-database.ts';
import { startEmbeddedPostgres } from '../embedded-postgres/start-embedded-postgres.ts';
import { migrateDatabase } from './migrate/migrate-database.ts';
import { openPool } from './open-pool.ts';
import { ensureReaderRole } from './reader-role.ts';

/** The open history, and what opening it came to. */
export type History = Database & {
  readonly isEmbedded: boolean;
  /** Names of the migrations just applied. */
  readonly applied: readonly string[];
};

/**
 * Opens the history at this version's schema, migrating it first if need be: the given PostgreSQL, or the embedded one
 * under `dataDir`. Throws SyncError with what to do.
 */
export async function openHistory(
  place: { readonly databaseUrl: string | undefined; readonly dataDir: string },
  options: { readonly poolSize?: number; readonly onError?: (error: Error) => void } = {},
): Promise<History> {
  const embedded = place.databaseUrl === undefined ? await startEmbeddedPostgres(place.dataDir) : undefined;
  const url = place.databaseUrl ?? embedded?.url ?? '';
  try {
    const { applied } = await migrateDatabase(url);
    const database = openDatabase(url, options);
    if (applied.length > 0) await ensureReaderRole(database.prisma);
    return {
      ...database,
      isEmbedded: embedded !== undefined,
      applied,
      close: async () => {
        await database.close();
        await embedded?.stop();
      },
    };
  } catch (error) {
    await embedded?.stop();
    throw classifyDatabaseError(error);
  }
}

/** A pool for the queue's own tables, apart from the history's: its statements are short, and a silent connection is given up soon. */
export function openQueuePool(url: string, onError: (error: Error) => void): pg.Pool {
  return openPool(
    {
      connectionString: url,
      // Two of them listen for new jobs all the time.
      max: 6,
      application_name: 'session-history queue',
      query_timeout: 30_000,
      settings: { search_path: 'bullmq', idle_in_transaction_session_timeout: '60s' },
    },
    onError,
  );
}

/** `user@host:port/database`, to tell people where their history is; never the password. */
export function describeDatabase(url: string): string {
  const { user, host, port, database } = new pg.Client({ connectionString: url });
  return `${user ?? ''}@${host}:${port}/${database ?? ''}`;
}
