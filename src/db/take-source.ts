import { SyncError } from '../domain/sync-error.ts';
import { classifyDatabaseError } from './classify-database-error.ts';
import type { Database } from './database.ts';
import type { LockPurpose, SourceLock } from './source-locks.ts';
import { openSource } from './sync-runs.ts';

/** A database that took only the lock away answers in this time, and its answer says more. */
const graceMs = 3_000;

/** A source that was taken. */
export type TakenSource = {
  readonly sourceId: number;
  readonly lock: SourceLock;
  /**
   * The answer to statements; SyncError `transient` when it does not come soon after the lock was lost. Connections tend to die
   * together, and a dead one would not tell for minutes.
   */
  whileHeld<T>(statements: Promise<T>): Promise<T>;
};

/** The source's row and its lock; undefined when another has it. Throws SyncError. */
export async function takeSource(
  database: Database,
  source: { readonly name: string; readonly url: string },
  purpose: LockPurpose,
): Promise<TakenSource | undefined> {
  try {
    const sourceId = await openSource(database.statements, source);
    const lock = await database.locks.take(sourceId, purpose);
    if (lock === undefined) return undefined;
    const lost = new Promise<never>((_, reject) => {
      const giveUp = () => {
        reject(new SyncError('transient', 'The connection to the database broke.'));
      };
      lock.lost.addEventListener('abort', () => setTimeout(giveUp, graceMs).unref(), { once: true });
    });
    lost.catch(() => undefined);
    return { sourceId, lock, whileHeld: (statements) => Promise.race([statements, lost]) };
  } catch (error) {
    throw classifyDatabaseError(error);
  }
}
