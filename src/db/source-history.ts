import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { SyncError } from '../domain/sync-error.ts';
import type { BackupJob, BackupServer, DiscoveredComputer } from '../domain/inventory.ts';
import type { ListedRecord, SessionRow, UnreadableRow } from '../domain/session-row.ts';
import type { Sighting } from '../domain/sighting.ts';
import type { StretchChanges } from '../domain/stretch.ts';
import type { RunOutcome, RunTrigger, TasksMode } from '../domain/sync-run.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import { arrayLiteral } from './array-literal.ts';
import { noteBackfilled, readBackfillEnd } from './backfills.ts';
import { classifyDatabaseError } from './classify-database-error.ts';
import { growthWatcher } from './growth-watcher.ts';
import type { Database } from './database.ts';
import {
  countListedSessions,
  deleteListedRecords,
  deleteReadableAgain,
  noteListRead,
  readListedRecords,
  upsertUnreadableRecords,
} from './listed-records.ts';
import { readStretches, replaceStretches } from './listed-stretches.ts';
import { fencedTransactions } from './fenced-transactions.ts';
import { settleAndRelease } from './settle-computers.ts';
import { settleJobNames } from './settle-names.ts';
import type { Prepared, Statements } from './statements.ts';
import { insertRun, progressNoter, updateRun } from './sync-runs.ts';
import { takeSource } from './take-source.ts';
import { areComputersDueNow, noteComputers } from './write-computers.ts';
import { adoptTasksMode } from './task-backlog.ts';
import {
  areJobsStored,
  prepareNamedInventory,
  touchServers,
  upsertJobs,
  upsertServers,
} from './write-inventory.ts';
import { prepareReferences, prepareSessions, type WriteCounts } from './write-sessions.ts';

/** A run that ends does not wait longer for its record to be written; the next one closes it. */
const silenceMs = 10_000;

/**
 * Takes a source for one run, or returns undefined when another run has it. Everything written through the result proves
 * first, in the same transaction, that the run still holds the source; SyncError `interrupted` when it does not.
 */
export async function holdSource(
  database: Database,
  source: { readonly name: string; readonly url: string; readonly tasks: TasksMode },
  trigger: RunTrigger,
) {
  const taken = await takeSource(database, source, 'run');
  if (taken === undefined) return undefined;
  const { sourceId, lock, whileHeld } = taken;
  const runId = randomUUID();
  let fence: bigint;
  try {
    fence = await database.transaction(async (statement) => {
      await adoptTasksMode(statement, sourceId, source.tasks);
      return insertRun(statement, sourceId, { runId, trigger });
    });
  } catch (error) {
    await lock.release();
    throw classifyDatabaseError(error);
  }

  const { note, store } = fencedTransactions(database, { ...taken, fence, name: source.name });

  async function untilSilent(statement: Promise<void>): Promise<void> {
    const answered = new AbortController();
    const silence = wait(silenceMs, undefined, { signal: answered.signal }).then(() => {
      throw new SyncError('transient', 'The database did not answer: the end of the run is not recorded.');
    });
    try {
      await Promise.race([statement, silence]);
    } catch (error) {
      throw classifyDatabaseError(error);
    } finally {
      answered.abort();
    }
  }

  async function read<T>(statements: (statement: Statements) => Promise<T>): Promise<T> {
    try {
      return await whileHeld(statements(database.statements));
    } catch (error) {
      throw classifyDatabaseError(error);
    }
  }

  const watchGrowth = growthWatcher(database.statements);

  /** Ids of the servers and jobs that are stored, as far as this run has found out. */
  const named = new Set<string>();
  function withNamed<T>(rows: readonly SessionRow[], write: Prepared<T>): () => Promise<T> {
    const { ids, insert } = prepareNamedInventory(sourceId, rows, named);
    return async () => {
      const written = await store(async (statement) => {
        await insert(statement);
        return write(statement);
      });
      for (const id of ids) named.add(id);
      return written;
    };
  }

  const ids = (sql: string) =>
    read(async (statement) => {
      const rows = await statement.$queryRawUnsafe<{ id: string }[]>(sql, sourceId);
      return rows.map((row) => row.id);
    });

  return {
    runId,
    sourceId,
    lost: lock.lost,

    readKnown: async () => {
      // The long one beside the short ones: each at the same time would open a connection, and cost more than it answers.
      const reading = read((statement) => readListedRecords(statement, sourceId));
      reading.catch(() => undefined);
      const stretches = await read((statement) => readStretches(statement, sourceId));
      const unfinished = await ids(
        `select session_id as id from sessions where source_id = $1 and not is_final and lost_at is null`,
      );
      const jobNames = await ids(`select job_name as id from jobs where source_id = $1 and kind = 'job'`);
      const areComputersDue = await read((statement) => areComputersDueNow(statement, sourceId));
      return {
        listed: await reading,
        stretches,
        unfinished: new Set(unfinished),
        jobNames: new Set(jobNames),
        areComputersDue,
      };
    },

    noteProgress: progressNoter(database.statements, runId),

    writeInventory: async (servers: readonly BackupServer[], jobs: readonly BackupJob[]): Promise<void> => {
      const isKnown = await note(
        async (statement) =>
          (await touchServers(statement, sourceId, servers)) &&
          (await areJobsStored(statement, sourceId, jobs)),
      );
      if (isKnown) return;
      await store(async (statement) => {
        await upsertServers(statement, sourceId, servers);
        await upsertJobs(statement, sourceId, jobs);
      });
    },

    writeComputers: (computers: readonly DiscoveredComputer[] | undefined): Promise<void> =>
      (computers === undefined ? note : store)((statement) => noteComputers(statement, sourceId, computers)),

    prepareSessions: (
      rows: readonly SessionRow[],
      options: {
        readonly sighting: Sighting;
        readonly records: readonly ListedRecord[];
        readonly superseded: readonly string[];
      },
    ): (() => Promise<WriteCounts>) => {
      const { sighting, records, superseded } = options;
      const upsert = prepareSessions(sourceId, rows, records, { sighting, tasks: source.tasks });
      const write = withNamed(rows, async (statement) => {
        await deleteListedRecords(statement, sourceId, superseded);
        return upsert(statement);
      });
      return async () => {
        const counts = await write();
        await read(() => watchGrowth(counts.inserted));
        return counts;
      };
    },

    prepareReferences: (
      rows: readonly SessionRow[],
      records: readonly ListedRecord[],
    ): (() => Promise<WriteCounts>) => withNamed(rows, prepareReferences(sourceId, rows, records)),

    writeUnreadable: (rows: readonly UnreadableRow[]): Promise<void> =>
      note((statement) => upsertUnreadableRecords(statement, sourceId, rows)),

    closeList: (gone: {
      readonly fingerprints: readonly string[];
      readonly sessionIds: readonly string[];
      readonly unreadable: readonly string[];
      readonly stretches: StretchChanges;
    }): Promise<void> =>
      (gone.sessionIds.length === 0 ? note : store)(async (statement) => {
        await deleteListedRecords(statement, sourceId, gone.fingerprints);
        await deleteReadableAgain(statement, sourceId, gone.unreadable);
        await replaceStretches(statement, sourceId, gone.stretches);
        await noteListRead(statement, sourceId, gone.sessionIds);
      }),

    readVanished: () =>
      ids(
        `select session_id as id from sessions
         where source_id = $1 and not is_final and lost_at is null and last_seen_at is not null`,
      ),

    markLost: (sessionIds: readonly string[]): Promise<number> =>
      store((statement) =>
        statement.$executeRawUnsafe(
          `update sessions set lost_at = now(), last_changed_at = now()
           where source_id = $1::integer and session_id = any($2::uuid[]) and not is_final and lost_at is null`,
          sourceId,
          arrayLiteral(sessionIds),
        ),
      ),

    settleNames: async (jobIds: readonly string[]): Promise<void> => {
      if (jobIds.length > 0) await store((statement) => settleJobNames(statement, sourceId, jobIds));
    },

    countStored: () => read((statement) => countListedSessions(statement, sourceId)),

    noteCollectedAt: (at: Timestamp): Promise<number> =>
      note((statement) =>
        statement.$executeRawUnsafe(
          `update sources set last_collected_at = $2::timestamptz where id = $1::integer and last_collected_at is distinct from $2::timestamptz`,
          sourceId,
          at,
        ),
      ),

    readBackfillEnd: () => read((statement) => readBackfillEnd(statement, sourceId)),

    noteBackfilled: (downTo: Timestamp): Promise<number> =>
      note((statement) => noteBackfilled(statement, sourceId, downTo)),

    // The record may outlive the lock: whoever took the source over has closed it, and it stays closed.
    finish: (outcome: RunOutcome): Promise<void> =>
      untilSilent(updateRun(database.statements, runId, outcome)),

    release: () => settleAndRelease(database.statements, sourceId, lock),
  };
}
