import type { TasksMode } from '../domain/sync-run.ts';
import { classifyDatabaseError } from './classify-database-error.ts';
import type { Database, Statements } from './database.ts';
import { settleAndRelease } from './settle-computers.ts';
import { lockSource } from './sync-runs.ts';
import { takeSource } from './take-source.ts';
import { countBacklog, postponeSessions, readDueSessions } from './task-backlog.ts';
import { upsertTasks, type ReadTasks } from './write-tasks.ts';

/** Takes a source's task backlog, or returns undefined when another process works on it (a matter of manners, not of truth). */
export async function holdBacklog(
  database: Database,
  source: { readonly name: string; readonly url: string; readonly tasks: TasksMode },
) {
  const { prisma } = database;
  const taken = await takeSource(database, source, 'tasks');
  if (taken === undefined) return undefined;
  const { sourceId, lock, whileHeld } = taken;

  async function run<T>(statements: (statement: Statements) => Promise<T>): Promise<T> {
    try {
      return await whileHeld(prisma.$transaction(statements, { timeout: 300_000, maxWait: 30_000 }));
    } catch (error) {
      throw classifyDatabaseError(error);
    }
  }

  return {
    readDue: (limit: number) => run((statement) => readDueSessions(statement, sourceId, limit)),
    write: (read: readonly ReadTasks[]) =>
      run(async (statement) => {
        await lockSource(statement, sourceId);
        await upsertTasks(statement, sourceId, read);
      }),
    postpone: (sessionIds: readonly string[]) =>
      run((statement) => postponeSessions(statement, sourceId, sessionIds)),
    count: () => run((statement) => countBacklog(statement, sourceId)),
    release: () => settleAndRelease(prisma, sourceId, lock),
  };
}
