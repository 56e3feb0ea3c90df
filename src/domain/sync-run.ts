import type { ErrorKind } from './sync-error.ts';

/** How a source writes a list of sessions: whole entities, or references that carry neither state nor result. */
export type ListForm = 'entity' | 'reference';

/** What a run read: the whole list, in one of its forms, or only what is unfinished or has ended since the last good poll. */
export type RunForm = ListForm | 'delta';

export type RunTrigger = 'cli' | 'schedule' | 'api' | 'backfill';

/** Which final sessions get their tasks read. */
export type TasksMode = 'all' | 'failed' | 'none';

/**
 * What a run found. Each listed session is counted once: listed = new + changed + unchanged + unreadable + unfetched +
 * missing. null: not known, because the database did not answer; `missing` also where no whole list was read to tell.
 */
export type RunCounts = {
  /** Distinct sessions, and the records that do not even tell which session they are about. */
  readonly listed: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number | null;
  /** Stored as far as they could be read. */
  readonly unreadable: number;
  /** Known from the list alone: the session itself could not be fetched. */
  readonly unfetched: number;
  /** Listed sessions that are not in the database afterwards: 0, or a hole. */
  readonly missing: number | null;
};

export type RunOutcome = {
  readonly status: 'succeeded' | 'failed';
  readonly form: RunForm | null;
  readonly counts: RunCounts;
  readonly requests: number;
  readonly bytesReceived: number;
  readonly error: { readonly kind: ErrorKind; readonly message: string } | null;
};

/** What one sync of one source came to: the object `sync --json` prints. Names are a contract. */
export type SyncReport = {
  readonly source: string;
  readonly runId: string | null;
  readonly status: 'succeeded' | 'failed' | 'skipped';
  readonly form: RunForm | null;
  readonly requests: number;
  readonly bytesReceived: number;
  readonly durationMs: number;
  /** Of the source, after the run: all that is known not to be stored as it should be. */
  readonly holes: number | null;
  readonly error: { readonly kind: ErrorKind; readonly message: string } | null;
} & RunCounts;
