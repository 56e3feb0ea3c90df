import { pauseAfterFailure } from './pause-after-failure.ts';
import type { SourceProgress } from './source-progress.ts';

/** So many intervals without the end of a run, and something is wrong with the service itself. */
const lateIntervals = 3;

/** Milliseconds from the end of the last run to the next: the interval, or more after failures. */
export function pauseBeforeNextRun(progress: SourceProgress): number {
  const {
    lastStatus,
    lastErrorKind: kind,
    failuresInARow: inARow,
    lastListed: listed,
    intervalMs,
  } = progress;
  if (lastStatus !== 'failed' || kind === null) return intervalMs;
  return pauseAfterFailure({ kind, inARow, listed }, intervalMs);
}

/**
 * Whether a tick, which comes once an interval, should start a run now. Half an interval early is not too early: ticks are
 * counted from the start of a run and pauses from its end.
 */
export function isDue(progress: SourceProgress, now: number): boolean {
  const pauseMs = pauseBeforeNextRun(progress);
  if (progress.lastFinishedAt === null || pauseMs <= progress.intervalMs) return true;
  return now >= progress.lastFinishedAt + pauseMs - progress.intervalMs / 2;
}

/** Whether Enterprise Manager refused the credentials so lately that the same ones must not be tried yet, whoever asks for it. */
export function isRefused(progress: SourceProgress, now: number): boolean {
  const { lastErrorKind: kind, lastFinishedAt, failuresInARow: inARow, lastListed: listed } = progress;
  if (kind !== 'unauthorized' || lastFinishedAt === null) return false;
  return now < lastFinishedAt + pauseAfterFailure({ kind, inARow, listed }, 0);
}

/**
 * Whether no run of the source has ended for three intervals (longer where failures made for a longer pause), counted from
 * `since` at the earliest: before that nobody watched.
 */
export function isLate(progress: SourceProgress, since: number, now: number): boolean {
  const expectedMs = pauseBeforeNextRun(progress) + (lateIntervals - 1) * progress.intervalMs;
  return now - Math.max(progress.lastFinishedAt ?? 0, since) > expectedMs;
}

/** Days until sessions that were never read begin to leave EM's list of 30 days; null before the first success. */
export function daysUntilLoss(progress: SourceProgress, now: number): number | null {
  const { lastSuccessStartedAt } = progress;
  return lastSuccessStartedAt === null ? null : 30 - (now - lastSuccessStartedAt) / 86_400_000;
}
