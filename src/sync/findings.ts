import type { UnreadableRow } from '../domain/session-row.ts';
import type { SyncError } from '../domain/sync-error.ts';

/** What a run has found so far. Its parts add to it; the engine draws the sums. */
export type Findings = {
  new: number;
  changed: number;
  /** The database failed; reading the list again would not help. */
  hasWriteFailed: boolean;
  /** By fingerprint. */
  readonly unreadable: Map<string, UnreadableRow>;
  /** Jobs whose sessions were written: their names may be news. */
  readonly jobIds: Set<string>;
  /** Sessions that could not be read by id, and why the first could not. */
  unfetched: number;
  fetchFailure: SyncError | undefined;
};

export function noFindings(): Findings {
  return {
    new: 0,
    changed: 0,
    hasWriteFailed: false,
    unreadable: new Map(),
    jobIds: new Set(),
    unfetched: 0,
    fetchFailure: undefined,
  };
}
