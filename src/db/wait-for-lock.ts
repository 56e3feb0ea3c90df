import type { Database } from './open-database.ts';
import type { LockPurpose, SourceLock } from './source-locks.ts';

const pauseMs = 500;

/** Takes a source, after whoever has it. Meanwhile its polls are skipped, as when another process reads it. */
export async function waitForLock(
  { locks }: Pick<Database, 'locks'>,
  sourceId: number,
  purpose: LockPurpose,
  onWaiting: () => Promise<void>,
): Promise<SourceLock> {
  for (;;) {
    const lock = await locks.take(sourceId, purpose);
    if (lock !== undefined) return lock;
    await onWaiting();
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
