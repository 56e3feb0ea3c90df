import { SyncError } from '../domain/sync-error.ts';
import type { RunTrigger, TasksMode } from '../domain/sync-run.ts';
import { analyzeParents } from './analyze-parents.ts';
import { classifyDatabaseError } from './classify-database-error.ts';
import { findOrCreateSource, type NamedSource } from './find-or-create-source.ts';
import type { Database } from './open-database.ts';
import { settleComputers } from './settle-computers.ts';
import type { LockPurpose, SourceLock } from './source-locks.ts';
import { beginRun } from './sync-runs.ts';
import { hasOtherTasksMode, queuePassedOver } from './task-backlog.ts';
import { writeTo, type Write } from './write-transaction.ts';

/** A database that took only the lock away answers in this time, and its answer says more. Milliseconds. */
const graceMs = 3_000;

/** A source that this process holds, for one purpose, until it gives it back. Everything throws SyncErrors. */
export type HeldSource = {
  readonly database: Database;
  readonly sourceId: number;
  /** Aborted when the lock is gone with its connection: whoever holds the source must stop. */
  readonly lost: AbortSignal;
  /** One transaction; see `writeTo`. */
  write<T>(work: (write: Write) => Promise<T>): Promise<T>;
  /** Questions, outside of any transaction. */
  read<T>(questions: (database: Database, sourceId: number) => Promise<T>): Promise<T>;
  /** Works out the computers whose sessions changed, as far as time and database allow, and gives the source back. */
  release(): Promise<void>;
};

export type HeldRun = HeldSource & { readonly runId: string };

export type HoldableSource = NamedSource & { readonly tasks: TasksMode };

/**
 * Takes a source for one run; undefined when another run has it, in this process or elsewhere. The run's record is begun,
 * and whoever held the source before can write no more.
 */
export async function holdForRun(
  database: Database,
  source: HoldableSource,
  trigger: RunTrigger,
): Promise<HeldRun | undefined> {
  const taken = await take(database, source, 'run');
  if (taken === undefined) return undefined;
  const { id, lock } = taken;
  try {
    const { runId, fence } = await beginRun(database.prisma, id, trigger);
    const held = holding(database, { id, name: source.name, fence }, lock);
    // Asked first: a transaction at every poll would be a third of what a poll of changes costs.
    if (await hasOtherTasksMode(database, id, source.tasks))
      await held.write((write) => queuePassedOver(write, source.tasks));
    return { ...held, runId };
  } catch (error) {
    await lock.release();
    throw classifyDatabaseError(error);
  }
}

/** Takes a source's task backlog; undefined when another process works on it. Only avoids asking for the same tasks twice. */
export async function holdForTasks(
  database: Database,
  source: HoldableSource,
): Promise<HeldSource | undefined> {
  const taken = await take(database, source, 'tasks');
  if (taken === undefined) return undefined;
  return holding(database, { id: taken.id, name: source.name, fence: null }, taken.lock);
}

async function take(
  database: Database,
  source: NamedSource,
  purpose: LockPurpose,
): Promise<{ readonly id: number; readonly lock: SourceLock } | undefined> {
  try {
    const id = await findOrCreateSource(database.prisma, source);
    const lock = await database.locks.take(id, purpose);
    return lock === undefined ? undefined : { id, lock };
  } catch (error) {
    throw classifyDatabaseError(error);
  }
}

function holding(
  database: Database,
  source: { readonly id: number; readonly name: string; readonly fence: bigint | null },
  lock: SourceLock,
): HeldSource {
  const lost = new Promise<never>((_, reject) => {
    const giveUp = () => {
      reject(new SyncError('transient', 'The connection to the database broke.'));
    };
    lock.lost.addEventListener('abort', () => setTimeout(giveUp, graceMs).unref(), { once: true });
  });
  lost.catch(() => undefined);

  // Connections tend to die together, and a dead one would not tell for minutes.
  async function whileHeld<T>(statements: Promise<T>): Promise<T> {
    try {
      return await Promise.race([statements, lost]);
    } catch (error) {
      throw classifyDatabaseError(error);
    }
  }

  return {
    database,
    sourceId: source.id,
    lost: lock.lost,
    write: (work) => whileHeld(writeTo(database.prisma, source, work)),
    read: (questions) => whileHeld(questions(database, source.id)),
    release: async () => {
      if (!lock.lost.aborted) {
        await settleComputers(database.prisma, { ...source, fence: null });
        await analyzeParents(database);
      }
      await lock.release();
    },
  };
}
