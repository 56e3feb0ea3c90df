import type { BackupSession } from '../domain/backup-session.ts';
import type { BackupTask } from '../domain/backup-task.ts';
import type { BackupJob, BackupServer } from '../domain/inventory.ts';
import type { ListForm } from '../domain/list-form.ts';
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
  listSessions(form: ListForm | 'auto'): Promise<SessionList>;
  parseRecord(record: Uint8Array, form: ListForm): ReadRecord;
  /** The session as it is now; undefined when EM answers 404. */
  readSession(id: string): Promise<ReadRecord | undefined>;
  /** The session's tasks; undefined when EM answers 404. */
  readTasks(sessionId: string): Promise<readonly BackupTask[] | undefined>;
  /** undefined when the account may not read them, or EM has no such resource. */
  readJobs(): Promise<readonly BackupJob[] | undefined>;
  readServers(): Promise<readonly BackupServer[] | undefined>;
  /** End of EM's last data collection; undefined when unknown or not allowed. */
  readCollectedAt(): Promise<Timestamp | undefined>;
  /** Sessions created in [from, to), page by page from 1. */
  querySessions(window: { readonly from: Timestamp; readonly to: Timestamp }, page: number): Promise<QueryPage>;
  usage(): { readonly requests: number; readonly bytesReceived: number };
  /** Logs off. Never throws: a failed logoff is left to EM's idle expiry. */
  close(): Promise<void>;
};
