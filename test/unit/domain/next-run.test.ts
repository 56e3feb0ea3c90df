import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeHealth } from '../../../src/domain/health.ts';
import { daysUntilLoss, isDue, isLate, isRefused, pauseBeforeNextRun } from '../../../src/domain/next-run.ts';
import { pauseAfterFailure } from '../../../src/domain/pause-after-failure.ts';
import type { SourceProgress } from '../../../src/domain/source-progress.ts';
import type { ErrorKind } from '../../../src/domain/sync-error.ts';

const kinds = ['transient', 'unauthorized', 'contract', 'permanent', 'interrupted'] as const;
const minuteMs = 60_000;
const now = 1_800_000_000_000;

const well: SourceProgress = {
  source: 'em',
  intervalMs: 15 * minuteMs,
  lastFinishedAt: now - 10 * minuteMs,
  lastStatus: 'succeeded',
  lastErrorKind: null,
  lastListed: 100,
  lastMissing: 0,
  failuresInARow: 0,
  lastSuccessStartedAt: now - 11 * minuteMs,
  lastSuccessAt: now - 10 * minuteMs,
  lastCollectedAt: null,
  refusedCredentials: null,
  hasDueTasks: false,
  hasBackfill: false,
  unreadableHoles: 0,
  unfetchedHoles: 0,
  tasksHoles: 0,
  gapHoles: 0,
  uncoveredSeconds: 0,
};
const failed = (kind: ErrorKind, inARow: number, more: Partial<SourceProgress> = {}): SourceProgress => ({
  ...well,
  lastStatus: 'failed',
  lastErrorKind: kind,
  failuresInARow: inARow,
  lastListed: 0,
  ...more,
});

describe('the pause after a failure', () => {
  it('never falls below the interval, never shrinks, and ends somewhere', () => {
    const kind = fc.constantFrom(...kinds);
    fc.assert(
      fc.property(
        kind,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 3_000, max: 43_200 * minuteMs }),
        fc.nat(),
        (kind, inARow, intervalMs, listed) => {
          const pause = pauseAfterFailure({ kind, inARow, listed }, intervalMs);
          expect(pause).toBeGreaterThanOrEqual(intervalMs);
          expect(pauseAfterFailure({ kind, inARow: inARow + 1, listed }, intervalMs)).toBeGreaterThanOrEqual(
            pause,
          );
          expect(pause).toBeLessThanOrEqual(Math.max(4 * intervalMs, 6 * 60 * minuteMs));
        },
      ),
    );
  });

  it.each([
    ['transient', 1, 0, 15],
    ['transient', 2, 0, 30],
    ['transient', 9, 0, 60],
    ['contract', 9, 0, 60],
    // One record that cannot be read must not make the others stale.
    ['contract', 9, 5_000, 15],
    ['permanent', 3, 0, 60],
    ['unauthorized', 1, 0, 15],
    ['unauthorized', 3, 0, 60],
    ['unauthorized', 20, 0, 360],
    ['interrupted', 9, 0, 15],
  ] as const)('after %s, %i in a row, %i listed: %i minutes', (kind, inARow, listed, minutes) => {
    expect(pauseAfterFailure({ kind, inARow, listed }, 15 * minuteMs)).toBe(minutes * minuteMs);
  });

  it('makes at most five tries to log on in half an hour, however short the interval', () => {
    let tries = 0;
    for (let at = 0, inARow = 1; at < 30 * minuteMs; inARow += 1) {
      tries += 1;
      at += pauseAfterFailure({ kind: 'unauthorized', inARow, listed: 0 }, 3_000);
    }
    expect(tries).toBeLessThanOrEqual(5);
  });
});

describe('a tick', () => {
  it('runs a source that is well, and one that never ran', () => {
    expect(isDue(well, now)).toBe(true);
    expect(isDue({ ...well, lastFinishedAt: null, lastStatus: null }, now)).toBe(true);
  });

  it('passes over a source whose pause is longer than the interval, until it is over', () => {
    const progress = failed('transient', 2, { lastFinishedAt: now });
    expect(isDue(progress, now + 15 * minuteMs)).toBe(false);
    expect(isDue(progress, now + 30 * minuteMs - 1_000)).toBe(true);
  });

  it('may be half an interval early, and no more', () => {
    const progress = failed('transient', 2, { lastFinishedAt: now });
    expect(isDue(progress, now + 22.5 * minuteMs)).toBe(true);
    expect(isDue(progress, now + 22.5 * minuteMs - 1)).toBe(false);
    // A pause no longer than the interval is over with the next tick, whenever that comes.
    expect(isDue(failed('transient', 1, { lastFinishedAt: now }), now)).toBe(true);
    expect(isDue({ ...progress, lastFinishedAt: null }, now)).toBe(true);
  });
});

describe('the pause before the next run', () => {
  it('is the interval, unless the last run failed', () => {
    expect(pauseBeforeNextRun(well)).toBe(15 * minuteMs);
    // What is left of older failures counts no more after a success.
    expect(pauseBeforeNextRun({ ...well, lastErrorKind: 'permanent', failuresInARow: 9 })).toBe(
      15 * minuteMs,
    );
    expect(pauseBeforeNextRun({ ...failed('permanent', 9), lastErrorKind: null })).toBe(15 * minuteMs);
    expect(pauseBeforeNextRun(failed('permanent', 9))).toBe(60 * minuteMs);
  });

  it('grows from the second failure on, and needs no count to begin', () => {
    expect(pauseBeforeNextRun(failed('transient', 0))).toBe(15 * minuteMs);
    expect(pauseBeforeNextRun(failed('permanent', 2))).toBe(30 * minuteMs);
    // Four intervals may be longer than an hour.
    expect(pauseBeforeNextRun({ ...failed('permanent', 20), intervalMs: 30 * minuteMs })).toBe(
      120 * minuteMs,
    );
    expect(pauseBeforeNextRun({ ...failed('permanent', 17), intervalMs: 1 })).toBe(65_536);
    expect(pauseBeforeNextRun({ ...failed('permanent', 99), intervalMs: 1 })).toBe(65_536);
  });
});

describe('refused credentials', () => {
  it('are not tried again for a quarter of an hour, and longer each time', () => {
    const refused = failed('unauthorized', 1, { lastFinishedAt: now, intervalMs: 60 * minuteMs });
    expect(isRefused(refused, now)).toBe(true);
    expect(isRefused(refused, now + 15 * minuteMs - 1)).toBe(true);
    expect(isRefused(refused, now + 15 * minuteMs)).toBe(false);
    expect(isRefused({ ...refused, failuresInARow: 3 }, now + 60 * minuteMs - 1)).toBe(true);
  });

  it('are those that were refused, and nothing else', () => {
    expect(isRefused(well, now)).toBe(false);
    expect(isRefused(failed('permanent', 1, { lastFinishedAt: now }), now)).toBe(false);
    expect(isRefused(failed('unauthorized', 1, { lastFinishedAt: null }), 0)).toBe(false);
  });
});

describe('lateness', () => {
  it('begins after three intervals without the end of a run', () => {
    expect(isLate({ ...well, lastFinishedAt: now - 44 * minuteMs }, 0, now)).toBe(false);
    expect(isLate({ ...well, lastFinishedAt: now - 46 * minuteMs }, 0, now)).toBe(true);
    expect(isLate({ ...well, lastFinishedAt: now - 45 * minuteMs }, 0, now)).toBe(false);
  });

  it('is not held against the time before anybody watched', () => {
    expect(isLate({ ...well, lastFinishedAt: null }, now - minuteMs, now)).toBe(false);
    expect(isLate({ ...well, lastFinishedAt: null }, now - 46 * minuteMs, now)).toBe(true);
  });

  it('waits for a pause that was meant', () => {
    const progress = failed('unauthorized', 4, { lastFinishedAt: now - 120 * minuteMs });
    expect(pauseBeforeNextRun(progress)).toBe(120 * minuteMs);
    expect(isLate(progress, 0, now)).toBe(false);
    expect(isLate(progress, 0, now + 31 * minuteMs)).toBe(true);
  });
});

it('counts the days until loss from the start of the last success', () => {
  expect(daysUntilLoss({ ...well, lastSuccessStartedAt: now - 86_400_000 }, now)).toBe(29);
  expect(daysUntilLoss({ ...well, lastSuccessStartedAt: null }, now)).toBeNull();
});

describe('health', () => {
  const vitals = { phase: 'running' as const, progress: [well], isQueueUp: true, since: 0 };
  const late = { ...well, lastFinishedAt: 1 };

  it('is ok when all is well', () => {
    expect(judgeHealth(vitals, now)).toEqual({
      isAlive: true,
      isReady: true,
      status: 'ok',
      database: 'up',
      queue: 'up',
      late: [],
      failing: [],
    });
  });

  it.each([{ progress: undefined }, { isQueueUp: false }])(
    'stays alive, unready, during an outage: %j',
    (down) => {
      expect(judgeHealth({ ...vitals, ...down }, now)).toMatchObject({
        isAlive: true,
        isReady: false,
        status: 'degraded',
      });
    },
  );

  it('is degraded by one late source and dead when all are', () => {
    expect(judgeHealth({ ...vitals, progress: [well, late] }, now)).toMatchObject({
      isAlive: true,
      status: 'degraded',
      late: ['em'],
    });
    expect(judgeHealth({ ...vitals, progress: [late] }, now).isAlive).toBe(false);
  });

  it('names the sources whose last run failed, and waits for those that are not late', () => {
    const broken = { ...failed('permanent', 1), source: 'broken' };
    expect(judgeHealth({ ...vitals, progress: [well, broken] }, now)).toMatchObject({
      isAlive: true,
      isReady: true,
      status: 'ok',
      late: [],
      failing: ['broken'],
    });
    expect(judgeHealth({ ...vitals, progress: [] }, now)).toMatchObject({ isAlive: true, status: 'ok' });
  });

  it('knows an outage from a process that is stuck', () => {
    const stuck = { ...vitals, progress: [late, late] };
    expect(judgeHealth(stuck, now)).toMatchObject({
      isAlive: false,
      isReady: true,
      database: 'up',
      queue: 'up',
    });
    expect(judgeHealth({ ...stuck, isQueueUp: false }, now)).toMatchObject({ isAlive: true, queue: 'down' });
    expect(judgeHealth({ ...vitals, progress: undefined }, now)).toMatchObject({
      isAlive: true,
      database: 'down',
      late: [],
      failing: [],
    });
    // Nobody watched before.
    expect(judgeHealth({ ...stuck, since: now }, now).isAlive).toBe(true);
  });

  it.each(['starting', 'stopping'] as const)('is not ready while %s', (phase) => {
    expect(judgeHealth({ ...vitals, phase }, now)).toMatchObject({
      isAlive: true,
      isReady: false,
      status: phase,
    });
  });
});
