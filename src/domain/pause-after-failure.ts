import type { ErrorKind } from './sync-error.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export type LastFailure = {
  readonly kind: ErrorKind;
  /** Failed runs since the last success, this one included. */
  readonly inARow: number;
  /** Sessions the failed run saw. */
  readonly listed: number;
};

/**
 * How long, in milliseconds from the end of a failed run, until the source is tried again; never less than the interval.
 * - `transient`: an EM that restarts is back soon, so the pause grows to four intervals only.
 * - `contract`: the same, unless the list was read and a record in it was not: that one stays for 30 days, and the others
 *   must not go stale over it.
 * - `permanent`: somebody has to mend it; grows to an hour (or four intervals, if that is more).
 * - `unauthorized`: every try counts towards locking the account, so a quarter of an hour at least, growing to six. Changed
 *   credentials are tried at once, see `refused-credentials.ts`.
 * - `interrupted`: nothing was wrong with the source.
 */
export function pauseAfterFailure(failure: LastFailure, intervalMs: number): number {
  const growth = 2 ** Math.min(Math.max(failure.inARow - 1, 0), 16);
  switch (failure.kind) {
    case 'interrupted':
      return intervalMs;
    case 'contract':
      return failure.listed > 0 ? intervalMs : intervalMs * Math.min(growth, 4);
    case 'transient':
      return intervalMs * Math.min(growth, 4);
    case 'permanent':
      return Math.min(intervalMs * growth, Math.max(hourMs, intervalMs * 4));
    case 'unauthorized':
      return Math.max(intervalMs, Math.min(15 * minuteMs * growth, 6 * hourMs));
  }
}
