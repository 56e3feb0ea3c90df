import pg from 'pg';
import { classifyDatabaseError } from './classify-database-error.ts';
import { openDatabase, type Database } from './database.ts';
import { migrateDatabase } from './migrate.ts';

/** Opens the history at this version's schema, migrating it first if need be. Throws SyncError with what to do. */
export async function openHistory(
  url: string,
  options: { readonly poolSize?: number; readonly onError?: (error: Error) => void } = {},
): Promise<Database & { readonly applied: readonly string[] }> {
  try {
    const { applied } = await migrateDatabase(url);
    return { ...openDatabase(url, options), applied };
  } catch (error) {
    throw classifyDatabaseError(error);
  }
}

/** `user@host:port/database`, to tell people where their history is; never the password. */
export function describeDatabase(url: string): string {
  const { user, host, port, database } = new pg.Client({ connectionString: url });
  return `${user ?? ''}@${host}:${port}/${database ?? ''}`;
}
