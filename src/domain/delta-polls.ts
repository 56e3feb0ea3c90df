import type { Timestamp } from './timestamp.ts';

/** How a source's polls between two whole lists stand. Times of `listedAt` and `upTo` are the source's clock, others ours. */
export type DeltaState = {
  /** When the last whole list was read. */
  readonly listedAt: Timestamp;
  /** Whether that list could be believed and is stored whole. */
  readonly isListGood: boolean;
  /** When the last good poll, whole or not, was answered: the next one asks from there. */
  readonly upTo: Timestamp;
  /** End of that poll. */
  readonly at: Timestamp;
  /** Polls since the whole list. */
  readonly polls: number;
  /** Whether what the source says of changes agrees with its list, and when that was found out. */
  readonly works: boolean;
  readonly reason: string | null;
  readonly checkedAt: Timestamp;
  /** When to find out again, if it does not work. */
  readonly retryAt: Timestamp;
  /** What the newest whole list that followed such polls found they should have shown; null: there was none yet. */
  readonly missed: number | null;
  /** What it found that had reached the source too late for them. */
  readonly late: number | null;
};

/** What `SYNC_FULL_EVERY_MINUTES` says. */
export type FullEvery = 'auto' | number;

/** `auto`: lists with fewer sessions are read whole at every poll; they are a few megabytes. */
export const smallList = 5_000;
const autoMinutes = 60;
const minuteMs = 60_000;

/**
 * A poll asks for what ended since the poll before it and so much earlier: what has ended reaches EM with its next collection,
 * by default every 15 minutes. What takes longer comes with the whole list. Milliseconds.
 */
export const overlapMs = 20 * minuteMs;

/** Whether polls of changes make sense for a list that long. */
export function areDeltasWanted(fullEvery: FullEvery, listed: number): boolean {
  return fullEvery === 'auto' ? listed >= smallList : fullEvery > 0;
}

/**
 * Whether a poll may ask for changes only. The whole list is read early rather than late: if the next poll, one interval
 * later, would come after the time that may pass without one, this poll reads it.
 */
export function mayAskForChanges(
  state: DeltaState | null,
  fullEvery: FullEvery,
  passed: {
    /** Since the end of the last whole list, and of the last good poll; null: there was none. Milliseconds. */
    readonly sinceListMs: number | null;
    readonly sincePollMs: number | null;
    /** Of the service; null where people or timers start polls: the time since the last one stands for it. */
    readonly intervalMs: number | null;
  },
): boolean {
  if (state?.works !== true || !state.isListGood) return false;
  const { sinceListMs, sincePollMs } = passed;
  if (sinceListMs === null || sincePollMs === null || sinceListMs < 0) return false;
  const longestMs = (fullEvery === 'auto' ? autoMinutes : fullEvery) * minuteMs;
  return sinceListMs + (passed.intervalMs ?? sincePollMs) <= longestMs;
}
