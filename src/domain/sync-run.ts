import type { ListForm } from './list-form.ts';
import type { ErrorKind } from './sync-error.ts';

export type RunTrigger = 'cli' | 'schedule' | 'api' | 'backfill';

/** Which final sessions get their tasks read. */
export type TasksMode = 'all' | 'failed' | 'none';

/** What a run found so far. `listed` counts distinct sessions, and the records that could not be read. */
export type RunCounts = {
  readonly listed: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly unreadable: number;
  /** Listed sessions that are not in the database afterwards: 0, or a hole. */
  readonly missing: number;
};

export type RunOutcome = {
  readonly status: 'succeeded' | 'failed';
  readonly form: ListForm | null;
  readonly counts: RunCounts;
  readonly requests: number;
  readonly bytesReceived: number;
  readonly error: { readonly kind: ErrorKind; readonly message: string } | null;
};
