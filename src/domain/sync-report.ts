import type { ListForm } from './list-form.ts';
import type { ErrorKind } from './sync-error.ts';

/** What one sync of one source came to: the object `sync --json` prints. Names are a contract. */
export type SyncReport = {
  readonly source: string;
  readonly runId: string | null;
  readonly status: 'succeeded' | 'failed' | 'skipped';
  readonly form: ListForm | null;
  readonly listed: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly missing: number;
  readonly requests: number;
  readonly bytesReceived: number;
  readonly durationMs: number;
  readonly error: { readonly kind: ErrorKind; readonly message: string } | null;
};
