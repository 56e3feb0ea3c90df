import type { TasksMode } from '../domain/sync-run.ts';
import { classifyDatabaseError } from './classify-database-error.ts';
import type { Database } from './database.ts';
import { settleAndRelease } from './settle-computers.ts';
import { lockSource } from './sync-runs.ts';
import type { Statements, Transaction } from './statements.ts';
import { takeSource } from './take-source.ts';
import { countBacklog, postponeSessions, readDueSessions } from './task-backlog.ts';
import { upsertTasks, type ReadTasks } from './write-tasks.ts';

/** Takes a source's task backlog, or returns undefined when another process works on it (a matter of manners, not of truth). */
export async function holdBacklog(
  database: Database,
  source: { readonly name: string; readonly url: string; readonly tasks: TasksMode },
) {
  const taken = await takeSource(database, source, 'tasks');
  if (taken === undefined) return undefined;
  const { sourceId, lock, whileHeld } = taken;

  async function run<T>(
    statements: (statement: Statements) => Promise<T>,
    transaction: Transaction = database.transaction,
  ): Promise<T> {
    try {
      return await whileHeld(transaction(statements));
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
      }, database.store),
    postpone: (sessionIds: readonly string[]) =>
      run((statement) => postponeSessions(statement, sourceId, sessionIds)),
    count: () => run((statement) => countBacklog(statement, sourceId)),
    release: () => settleAndRelease(database.statements, sourceId, lock),
  };
}
