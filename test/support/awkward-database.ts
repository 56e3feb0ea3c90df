import { awkwardHistory } from './awkward-history.ts';
import { startEmDouble } from './em-double.ts';
import { syncOnce } from './sync-once.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** A database into which an awkward history was synced. */
export async function createAwkwardDatabase(history = awkwardHistory('2026-10-05')): Promise<TestDatabase> {
  const em = await startEmDouble();
  em.sessions.push(...history.sessions);
  em.tasks.push(...history.tasks);
  const database = await createTestDatabase();
  await syncOnce(em.url, database.url);
  await em.close();
  return database;
}
