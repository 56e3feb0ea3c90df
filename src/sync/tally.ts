import type { RunCounts } from '../domain/sync-run.ts';

/** What a run has found so far. Its parts add to it; `countUp` draws the sums. */
export type Tally = {
  new: number;
  changed: number;
  /** Listed sessions written (or found stored as they are) in this reading of the list. */
  stored: number;
  /** Sessions that are stored in part only. */
  readonly unreadable: Reasons;
  readonly unfetched: Reasons;
  /** Listed records that do not even tell which session they are about, by fingerprint. */
  readonly unidentified: Reasons;
  /** The database failed: what was on its way may or may not be stored. */
  hasWriteFailed: boolean;
};

/** Keys, and why the first of them are here. */
export type Reasons = {
  readonly size: number;
  has(key: string): boolean;
  set(key: string, reason: string): void;
  delete(key: string): boolean;
  clear(): void;
  /** Of the oldest key; undefined when there is none. */
  first(): string | undefined;
};

/** Reasons that are kept. A list may hold hundreds of thousands that cannot be read, and each reason a part of its record. */
const mostReasons = 20;

export function startReasons(): Reasons {
  const keys = new Set<string>();
  const kept = new Map<string, string>();
  return {
    get size() {
      return keys.size;
    },
    has: (key) => keys.has(key),
    set: (key, reason) => {
      keys.add(key);
      if (kept.size < mostReasons || kept.has(key)) kept.set(key, reason);
    },
    delete: (key) => {
      kept.delete(key);
      return keys.delete(key);
    },
    clear: () => {
      keys.clear();
      kept.clear();
    },
    first: () => {
      const [reason] = kept.values();
      return reason ?? (keys.size > 0 ? 'its reason is in report.holes.' : undefined);
    },
  };
}

export const startTally = (): Tally => ({
  new: 0,
  changed: 0,
  stored: 0,
  unreadable: startReasons(),
  unfetched: startReasons(),
  unidentified: startReasons(),
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
