import type { HeldSource } from '../db/hold-source.ts';
import { countWaitingTasks, postponeTasks, readClock, readDueTasks } from '../db/task-backlog.ts';
import { writeTasks, type ReadTasks } from '../db/write-tasks.ts';
import type { Source } from '../sources/source.ts';

/** Sessions taken from the backlog at once, and the most that a crash lets be asked twice. */
const pageSize = 500;

export type DrainOptions = {
  readonly signal: AbortSignal;
  /** Whether those are tried too whose last try failed lately. */
  readonly isImpatient: boolean;
  readonly onProgress?: (progress: { readonly read: number }) => void;
};

export type Drained = { readonly read: number; readonly failed: number; readonly waiting: number };

/**
 * Reads the tasks of final sessions, newest first, until none is due. A session whose tasks cannot be read is a hole of its
 * own and is tried again later; what came with it is stored.
 */
export async function drainTasks(
  held: HeldSource,
  source: Pick<Source, 'readTasks'>,
  options: DrainOptions,
): Promise<Drained> {
  const begun = await held.read(readClock);
  let read = 0;
  let failed = 0;
  while (!options.signal.aborted) {
    const due = await held.read((database, sourceId) =>
      readDueTasks(database, sourceId, { limit: pageSize, isImpatient: options.isImpatient, begun }),
    );
    if (due.length === 0) break;
    const waiting = new Map(due.map((one) => [one.sessionId, one]));
    const answers: ReadTasks[] = [];
    const failures: { readonly sessionId: string; readonly reason: string }[] = [];
    try {
      for await (const answer of source.readTasks(waiting.keys())) {
        const one = waiting.get(answer.sessionId);
        if (one === undefined) continue;
        waiting.delete(answer.sessionId);
        if (answer.as === 'failed') failures.push({ sessionId: answer.sessionId, reason: answer.reason });
        else answers.push({ ...one, tasks: answer.as === 'tasks' ? answer.tasks : [] });
        options.onProgress?.({ read: read + answers.length });
      }
    } finally {
      // What came before a break is kept, and not asked for again.
      if (answers.length + failures.length > 0) {
        await held.write(async (write) => {
          if (answers.length > 0) await writeTasks(write, answers);
          await postponeTasks(write, failures);
        });
      }
      read += answers.length;
      failed += failures.length;
    }
    // A source that answers for none of what it was asked would be asked forever.
    if (answers.length + failures.length === 0) break;
  }
  return { read, failed, waiting: await held.read(countWaitingTasks) };
}
