import { classifyDatabaseError } from './classify-database-error.ts';
import type { Database } from './database.ts';
import type { LockPurpose, SourceLock } from './source-locks.ts';
import { openSource } from './sync-runs.ts';

/** The source's row and its lock; undefined when another has it. Throws SyncError. */
export async function takeSource(
  database: Database,
  source: { readonly name: string; readonly url: string },
  purpose: LockPurpose,
): Promise<{ readonly sourceId: number; readonly lock: SourceLock } | undefined> {
  try {
    const sourceId = await openSource(database.prisma, source);
    const lock = await database.locks.take(sourceId, purpose);
    return lock === undefined ? undefined : { sourceId, lock };
  } catch (error) {
    throw classifyDatabaseError(error);
  }
}
