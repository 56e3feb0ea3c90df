import type { BackupSession } from '../domain/backup-session.ts';
import type { BackupTask } from '../domain/backup-task.ts';
import type { BackupJob, BackupServer, DiscoveredComputer } from '../domain/inventory.ts';
import type { KnownRecords } from '../domain/known-records.ts';
import type { ListForm } from '../domain/list-form.ts';
import type { ListedRecord, SessionRow, UnreadableRow } from '../domain/session-row.ts';
import type { Sighting } from '../domain/sighting.ts';
import type { RunCounts, RunOutcome } from '../domain/sync-run.ts';
import type { StretchChanges } from '../domain/stretch.ts';
import type { Timestamp } from '../domain/timestamp.ts';

/** The session list while it arrives. Memory does not grow with it. */
export type SessionList = {
  /** What EM answered, which need not be what was asked for. */
  readonly form: ListForm;
  /**
   * Complete records in list order, grouped as they arrived; each is the bytes from its start tag to its end tag and
   * owns its memory only until the next group is asked for. A broken or cut document throws a SyncError, after every
   * record that was whole before the break.
   */
  readonly records: AsyncIterable<readonly Uint8Array[]>;
};

/** A list record, read. A reference knows only name, links and (from the name) the creation time. */
export type ReadRecord =
  | { readonly as: 'entity' | 'reference'; readonly session: BackupSession }
  | { readonly as: 'unreadable'; readonly id: string | null; readonly reason: string };

/** A page of `/query`, sessions only, in the order of their creation. */
export type QueryPage = { readonly records: readonly ReadRecord[]; readonly pages: number };

/** What the engine asks of one Enterprise Manager, within one logon. Every method may throw a SyncError. */
export type EnterpriseManager = {
  /** Whatever else is asked logs on by itself; this is for finding out early that it cannot be done. */
  logOn(): Promise<void>;
  /** With `known`, records that are known do not come out of the list. */
  listSessions(form: ListForm | 'auto', known?: KnownRecords): Promise<SessionList>;
  parseRecord(record: Uint8Array, form: ListForm): ReadRecord;
  /** The session as it is now; undefined when EM answers 404. */
  readSession(id: string): Promise<ReadRecord | undefined>;
  /** The session's tasks; undefined when EM answers 404. */
  readTasks(sessionId: string): Promise<readonly BackupTask[] | undefined>;
  /** undefined when the account may not read them, or EM has no such resource. */
  readJobs(): Promise<readonly BackupJob[] | undefined>;
  readServers(): Promise<readonly BackupServer[] | undefined>;
  /** Computers EM has discovered, backed up or not; undefined as with jobs. */
  readComputers(): Promise<readonly DiscoveredComputer[] | undefined>;
  /** End of EM's last data collection; undefined when unknown or not allowed. */
  readCollectedAt(): Promise<Timestamp | undefined>;
  /** Sessions created in [from, to), page by page from 1. */
  querySessions(
    window: { readonly from: Timestamp; readonly to: Timestamp },
    page: number,
  ): Promise<QueryPage>;
  usage(): { readonly requests: number; readonly bytesReceived: number };
  /** Logs off. Never throws: a failed logoff is left to EM's idle expiry. */
  close(): Promise<void>;
};

/** What is known of a source before its list is read. */
export type Known = {
  /** 32 bytes a record of the last list: its fingerprint, then its session's id. */
  readonly listed: Uint8Array;
  /** What stood in a row in the last list, see `recogniseRecords`. */
  readonly stretches: Uint8Array;
  /** Sessions without a final result, as ids. */
  readonly unfinished: ReadonlySet<string>;
  /** Whether it is time to read again which computers EM has discovered. */
  readonly areComputersDue: boolean;
  /** Names of the jobs administrators made, to tell the computer from a child job's name. */
  readonly jobNames: ReadonlySet<string>;
};

/**
 * The history of one source, for the one run that holds it. Every write is one transaction that first proves that the
 * run still holds the source, and throws SyncError `interrupted` when another has taken over.
 */
export type SourceHistory = {
  readonly runId: string;
  /** Aborted when the lock is gone with its connection: the run must stop. */
  readonly lost: AbortSignal;
  readKnown(): Promise<Known>;
  writeInventory(servers: readonly BackupServer[], jobs: readonly BackupJob[]): Promise<void>;
  /** undefined when they could not be read: then they are not due for a while either. */
  writeComputers(computers: readonly DiscoveredComputer[] | undefined): Promise<void>;
  /**
   * Makes rows ready, and returns what writes them: the next batch is made ready while the one before is written. No session
   * may occur twice in `rows`. `records` are the list's records behind them; `superseded` the fingerprints of earlier records
   * of the same sessions.
   */
  prepareSessions(
    rows: readonly SessionRow[],
    options: {
      readonly sighting: Sighting;
      readonly records: readonly ListedRecord[];
      readonly superseded: readonly string[];
    },
  ): () => Promise<{ readonly inserted: number; readonly changed: number }>;
  /** The same for sessions of which EM shows no more than a reference; never overwrites what is known. */
  prepareReferences(
    rows: readonly SessionRow[],
    records: readonly ListedRecord[],
  ): () => Promise<{ readonly inserted: number }>;
  writeUnreadable(rows: readonly UnreadableRow[]): Promise<void>;
  /** After a complete list: forgets records it no longer shows and notes when their sessions were last seen. */
  closeList(gone: {
    readonly fingerprints: readonly string[];
    readonly sessionIds: readonly string[];
    /** Fingerprints of the records that could not be read this time. */
    readonly unreadable: readonly string[];
    readonly stretches: StretchChanges;
  }): Promise<void>;
  /** Shows how far the run has come, now and then, to those who watch it. Never waits and never fails. */
  noteProgress(progress: Pick<RunCounts, 'listed' | 'new' | 'changed'>): void;
  /** Sessions without a final result that the list no longer shows. */
  readVanished(): Promise<readonly string[]>;
  markLost(sessionIds: readonly string[]): Promise<unknown>;
  /** Gives jobs their newest names and computers, and sessions the computers of their jobs. */
  settleNames(jobIds: readonly string[]): Promise<void>;
  /** How many of the listed sessions the database really holds. */
  countStored(): Promise<number>;
  noteCollectedAt(at: Timestamp): Promise<unknown>;
  /** Where a backfill goes on: everything created from there on was read already (or is the list's business). */
  readBackfillEnd(): Promise<Timestamp>;
  noteBackfilled(downTo: Timestamp): Promise<unknown>;
  finish(outcome: RunOutcome): Promise<void>;
  release(): Promise<void>;
};

/** The sessions of one source whose tasks are still to be read. Its writes are idempotent. */
export type TaskBacklog = {
  /** The next sessions that are due, newest first. */
  readDue(limit: number): Promise<readonly string[]>;
  /** Stores what was read, an empty list included, and strikes the sessions off. */
  write(
    read: readonly { readonly sessionId: string; readonly tasks: readonly BackupTask[] }[],
  ): Promise<void>;
  /** Tries these again later, with growing pauses. */
  postpone(sessionIds: readonly string[]): Promise<void>;
  count(): Promise<number>;
};
