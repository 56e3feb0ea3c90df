import { drainTasks, type DrainOptions } from './drain-tasks.ts';
import type { EnterpriseManager, TaskBacklog } from './ports.ts';

/** undefined: another process works on the source's tasks. */
export type HoldBacklog = () => Promise<(TaskBacklog & { release(): Promise<void> }) | undefined>;

/** Takes the source's task backlog, reads what is due, and gives it back. Does nothing when another process has it. */
export async function drainHeldBacklog(
  em: Pick<EnterpriseManager, 'readTasks'>,
  holdBacklog: HoldBacklog,
  options: DrainOptions,
): Promise<{ readonly read: number; readonly waiting: number } | undefined> {
  const backlog = await holdBacklog();
  if (backlog === undefined) return undefined;
  try {
    return await drainTasks(em, backlog, options);
  } finally {
    await backlog.release();
  }
}
