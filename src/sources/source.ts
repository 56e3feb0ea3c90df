import type { BackupSession, PartialSession } from '../domain/backup-session.ts';
import type { BackupTask } from '../domain/backup-task.ts';
import type { BackupJob, BackupServer, DiscoveredComputer } from '../domain/inventory.ts';
import type { ListForm } from '../domain/sync-run.ts';
import type { ErrorKind } from '../domain/sync-error.ts';
import type { Timestamp } from '../domain/timestamp.ts';

/**
 * What any source of sessions can do, within one logon. Every method may throw a SyncError, and does so only for what
 * concerns the source as a whole: a refused logon, a connection that fails, an answer that is no answer. What is wrong
 * with one session is that session's answer.
 */
export type Source = {
  /** How far back the list reaches, in milliseconds before it is read. */
  readonly listReachMs: number;
  /** Version of its parser: texts that another one could not read are worth another try. */
  readonly parser: number;
  /** Everything else logs on by itself; this finds out early that it cannot be done, and what time it is there. */
  logOn(): Promise<{ readonly now: Timestamp }>;
  /** Reads the list as a stream. Records that `isKnown` recognises are not parsed and do not come. */
  list(form: ListForm | 'auto', isKnown: (fingerprint: string) => boolean): Promise<SessionList>;
  /**
   * Sessions as they are now: exactly one answer for each distinct id asked, in any order. Ids are drawn as requests are
   * sent. `named`: the reference of an id, where one was listed, for what an answer may leave out (the parent link).
   */
  lookUp(
    ids: Iterable<string> | AsyncIterable<string>,
    named?: (id: string) => PartialSession | undefined,
  ): AsyncIterable<SessionAnswer>;
  /** All agent sessions created in [from, to). Memory is bounded: a window that is too large says so. */
  readWindow(window: Window): Promise<WindowAnswer>;
  /**
   * Agent sessions that are unfinished, or ended at or after `since`, as they are now. What the source gets wrong here can
   * only be noticed by reading its list.
   */
  readChanges(since: Timestamp): Promise<ChangesAnswer>;
  /** Tasks of sessions: exactly one answer for each distinct id asked, in any order. */
  readTasks(sessionIds: Iterable<string>): AsyncIterable<TasksAnswer>;
  /** undefined where the account may not read them, or the source has none. */
  readJobs(): Promise<readonly BackupJob[] | undefined>;
  readServers(): Promise<readonly BackupServer[] | undefined>;
  readComputers(): Promise<readonly DiscoveredComputer[] | undefined>;
  /** When the source last finished collecting from its backup servers; undefined when it does not say. */
  readCollectedAt(): Promise<Timestamp | undefined>;
  /** Reads a record's kept text again, as this version reads it. */
  parseText(text: string, form: ListForm): ListRecord;
  /** Requests sent, and bytes that came over the wire. */
  usage(): { readonly requests: number; readonly bytesReceived: number };
  /** Logs off. Never throws: a failed logoff is left to the source's own expiry. */
  close(): Promise<void>;
};

export type SessionList = {
  /** What was answered, which need not be what was asked for. */
  readonly form: ListForm;
  /** The source's clock when it answered: what this list covers ends there. */
  readonly readAt: Timestamp;
  /**
   * Records in list order, grouped as they arrived; a group may be empty, and comes at least every few hundred kilobytes.
   * A broken or cut document throws a SyncError, after every record that came before the break.
   */
  readonly groups: AsyncIterable<ListGroup>;
};

export type ListGroup = {
  /** Records of this group, those that were known included. */
  readonly count: number;
  readonly records: readonly ListRecord[];
};

/**
 * A record of the list that was not known. The fingerprint is a GUID-shaped hash of its bytes; its last byte tells form and
 * version of the parser, so that only fingerprints with an equal last byte can be compared.
 */
export type ListRecord = { readonly fingerprint: string } & (
  | { readonly as: 'session'; readonly session: BackupSession }
  /** Name, links and maybe the creation time: the rest is to be looked up. */
  | { readonly as: 'reference'; readonly session: PartialSession }
  /** Its id is known, and something in it cannot be read. */
  | { readonly as: 'part'; readonly session: PartialSession; readonly reason: string; readonly text: string }
  /** Not even its id can be read. */
  | { readonly as: 'unreadable'; readonly reason: string; readonly text: string }
);

/** What became of one session that was asked for. */
export type SessionAnswer = { readonly id: string } & (
  | { readonly as: 'session'; readonly session: BackupSession }
  | { readonly as: 'part'; readonly session: PartialSession; readonly reason: string; readonly text: string }
  /** The source says, in its own words, that it does not know this session (any more). */
  | { readonly as: 'gone' }
  | Failed
);

export type TasksAnswer = { readonly sessionId: string } & (
  { readonly as: 'tasks'; readonly tasks: readonly BackupTask[] } | { readonly as: 'gone' } | Failed
);

/** This one could not be read: its hole, and nobody else's. The reason is for people. */
type Failed = { readonly as: 'failed'; readonly kind: ErrorKind; readonly reason: string };

/** Creation times from `from` on, up to and without `to`. */
export type Window = { readonly from: Timestamp; readonly to: Timestamp };

export type WindowAnswer = {
  /** What came, whole or not; no id twice. */
  readonly records: readonly Exclude<ListRecord, { readonly as: 'reference' }>[];
} & (
  | { readonly as: 'whole' }
  /** More than one answer can show at a single moment: halve it. */
  | { readonly as: 'too-large' }
  /** What came contradicts itself, or cannot be proved whole; a smaller window may say more. */
  | { readonly as: 'doubtful'; readonly reason: string }
  /** No window of this source can be read. */
  | { readonly as: 'refused'; readonly reason: string }
);

export type ChangesAnswer =
  | {
      readonly as: 'whole';
      /** The source's clock when it answered. */
      readonly readAt: Timestamp;
      /** No id twice. */
      readonly records: WindowAnswer['records'];
    }
  /** Not this time: too many rows for one answer, or the source is busy. */
  | { readonly as: 'unavailable'; readonly reason: string }
  /** It contradicts itself or what was asked: it is not to be relied on. */
  | { readonly as: 'untrue'; readonly reason: string };

/** A finding of the doctor: good, a warning to know of, or a fault to mend. */
export type Finding = { readonly verdict: 'good' | 'warning' | 'bad'; readonly what: string };
