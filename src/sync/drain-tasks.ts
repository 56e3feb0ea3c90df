import type { BackupTask } from '../domain/backup-task.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { EnterpriseManager, TaskBacklog } from './ports.ts';
import { openWindow } from './window.ts';

/** Sessions taken from the backlog at once, and the most that a crash lets be asked twice. */
const pageSize = 500;
/** After so many failures in a row the rest is left for later: EM is not well. */
const failuresInARow = 5;
/** So many sessions without tasks before the first one with an answer: EM has no such resource, or hides it. */
const absencesAtFirst = 20;

export type DrainOptions = {
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: { readonly read: number }) => void;
  readonly onWarning?: (message: string) => void;
};

/**
 * Reads the tasks of final sessions, newest first, until none is due. Stops early, with a warning, when EM keeps failing;
 * what is left stays in the backlog. Returns how many sessions were read and how many still wait.
 */
export async function drainTasks(
  em: Pick<EnterpriseManager, 'readTasks'>,
  backlog: TaskBacklog,
  options: DrainOptions,
): Promise<{ readonly read: number; readonly waiting: number }> {
  let read = 0;
  let hasAnswered = false;
  let absent = 0;
  let inARow = 0;
  const reasons: string[] = [];
  const isStopped = () => reasons.length > 0;

  while (!isStopped() && !options.signal.aborted) {
    const due = await backlog.readDue(pageSize);
    if (due.length === 0) break;
    const answers: { readonly sessionId: string; readonly tasks: readonly BackupTask[] }[] = [];
    const failed: string[] = [];
    const window = openWindow(options.concurrency * 2);
    for (const sessionId of due) {
      if (isStopped()) break;
      await window.start(async () => {
        try {
          const tasks = await em.readTasks(sessionId);
          inARow = 0;
          if (tasks === undefined) absent += 1;
          else hasAnswered = true;
          answers.push({ sessionId, tasks: tasks ?? [] });
          if (!hasAnswered && absent >= absencesAtFirst)
            reasons.push(`Enterprise Manager knows no tasks of ${absent} sessions in a row`);
        } catch (error) {
          if (!(error instanceof SyncError) || error.kind === 'interrupted') throw error;
          failed.push(sessionId);
          inARow += 1;
          if (inARow >= failuresInARow || error.kind === 'unauthorized') reasons.push(error.message);
        }
        options.onProgress?.({ read: read + answers.length });
      });
    }
    try {
      await window.drain();
    } finally {
      await window.settle();
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the callbacks above change it
      if (!hasAnswered && isStopped()) failed.push(...answers.splice(0).map((answer) => answer.sessionId));
      if (answers.length > 0) await backlog.write(answers);
      if (failed.length > 0) await backlog.postpone(failed);
      read += answers.length;
    }
  }
  const waiting = await backlog.count();
  if (isStopped())
    options.onWarning?.(`Tasks of ${waiting} sessions are left for later: ${reasons[0] ?? ''}`);
  return { read, waiting };
}
