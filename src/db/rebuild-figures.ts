import type pg from 'pg';
import { classifyDatabaseError } from './classify-database-error.ts';
import { connectClient } from './connect-client.ts';

/**
 * Works out again, from the sessions alone, everything that is kept beside them. In a connection of its own, without the limit
 * of time of the others: millions of sessions take minutes, and a limit would only end the waiting, not the work.
 */
export async function rebuildFigures(databaseUrl: string): Promise<void> {
  let client: pg.Client | undefined;
  try {
    client = await connectClient(databaseUrl, 'session-history rebuild');
    await client.query('select rebuild_figures()');
    await client.query('select rebuild_session_names()');
    await client.query('analyze session_names');
  } catch (error) {
    throw classifyDatabaseError(error);
  } finally {
    await client?.end();
  }
}
