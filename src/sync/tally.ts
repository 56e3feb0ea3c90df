import type { RunCounts } from '../domain/sync-run.ts';

/** What a run has found so far. Its parts add to it; `countUp` draws the sums. */
export type Tally = {
  new: number;
  changed: number;
  /** Listed sessions written (or found stored as they are) in this reading of the list. */
  stored: number;
  /** Keys of listed records and sessions that are stored in part only, and the first reason of each kind. */
  readonly unreadable: Map<string, string>;
  readonly unfetched: Map<string, string>;
  /** Listed records that do not even tell which session they are about, by fingerprint. */
  readonly unidentified: Map<string, string>;
  /** The database failed: what was on its way may or may not be stored. */
  hasWriteFailed: boolean;
};

export const startTally = (): Tally => ({
  new: 0,
  changed: 0,
  stored: 0,
  unreadable: new Map(),
  unfetched: new Map(),
  unidentified: new Map(),
  hasWriteFailed: false,
});

/**
 * `missing`: from the database, after a whole list; undefined when the run did not come that far, null when it read no whole
 * list. Sums are true for failed runs too: what is not known is null.
 */
export function countUp(
  tally: Tally,
  list: { readonly seen: number; readonly known: number },
  missing: number | null | undefined,
): RunCounts {
  const listed = list.seen + tally.unidentified.size;
  const unreadable = tally.unreadable.size + tally.unidentified.size;
  const unfetched = tally.unfetched.size;
  const counted = { listed, new: tally.new, changed: tally.changed, unreadable, unfetched };
  if (tally.hasWriteFailed) return { ...counted, unchanged: null, missing: null };
  const notStored = missing === null ? 0 : (missing ?? Math.max(0, list.seen - list.known - tally.stored));
  return {
    ...counted,
    missing: missing === null ? null : notStored,
    unchanged: Math.max(0, listed - tally.new - tally.changed - unreadable - unfetched - notStored),
  };
}
