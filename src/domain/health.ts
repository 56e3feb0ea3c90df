import { isLate } from './next-run.ts';
import type { SourceProgress } from './source-progress.ts';

/** What a process knows of itself at one moment. `undefined`: it could not be asked for. */
export type Vitals = {
  readonly phase: 'starting' | 'running' | 'stopping';
  readonly progress: readonly SourceProgress[] | undefined;
  readonly isQueueUp: boolean;
  /** When this process began to watch, in milliseconds since 1970. */
  readonly since: number;
};

export type Health = {
  /** Restarting the process may help when false. */
  readonly isAlive: boolean;
  /** It can do its work now. */
  readonly isReady: boolean;
  readonly status: 'ok' | 'degraded' | 'starting' | 'stopping';
  readonly database: 'up' | 'down';
  readonly queue: 'up' | 'down';
  /** Sources of which no run has ended for three intervals. */
  readonly late: readonly string[];
  /** Sources whose last run failed. */
  readonly failing: readonly string[];
};

/**
 * Draws the conclusions. An outage of database, queue or an Enterprise Manager leaves the process alive: it waits for them and
 * a restart would help nobody. It is dead only when both answer and still no run of any source has ended for three intervals.
 */
export function judgeHealth({ phase, progress, isQueueUp, since }: Vitals, now: number): Health {
  const late = (progress ?? []).filter((one) => isLate(one, since, now)).map((one) => one.source);
  const failing = (progress ?? []).filter((one) => one.lastStatus === 'failed').map((one) => one.source);
  const isDatabaseUp = progress !== undefined;
  const isStuck = isDatabaseUp && isQueueUp && late.length > 0 && late.length === progress.length;
  const isWell = isDatabaseUp && isQueueUp && late.length === 0;
  return {
    isAlive: !isStuck,
    isReady: phase === 'running' && isDatabaseUp && isQueueUp,
    status: phase === 'running' ? (isWell ? 'ok' : 'degraded') : phase,
    database: isDatabaseUp ? 'up' : 'down',
    queue: isQueueUp ? 'up' : 'down',
    late,
    failing,
  };
}
