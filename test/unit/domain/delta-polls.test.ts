import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  areDeltasWanted,
  mayAskForChanges,
  overlapMs,
  smallList,
  type DeltaState,
} from '../../../src/domain/delta-polls.ts';
import { timestampFromDate } from '../../../src/domain/timestamp.ts';

const at = timestampFromDate(new Date('2026-06-16T08:00:00Z'));
const good: DeltaState = {
  listedAt: at,
  isListGood: true,
  upTo: at,
  at,
  polls: 0,
  works: true,
  reason: null,
  checkedAt: at,
  retryAt: at,
  missed: null,
  late: null,
};
const minute = 60_000;

describe('mayAskForChanges', () => {
  it('follows no list that was not read, not believed or not stored, and no source that leaves out', () => {
    const passed = { sinceListMs: minute, sincePollMs: minute, intervalMs: minute };
    expect(mayAskForChanges(good, 60, passed)).toBe(true);
    expect(mayAskForChanges(null, 60, passed)).toBe(false);
    expect(mayAskForChanges({ ...good, works: false }, 60, passed)).toBe(false);
    expect(mayAskForChanges({ ...good, isListGood: false }, 60, passed)).toBe(false);
    expect(mayAskForChanges(good, 60, { ...passed, sinceListMs: null })).toBe(false);
    expect(mayAskForChanges(good, 0, passed)).toBe(false);
    expect(mayAskForChanges(good, 60, { ...passed, sincePollMs: null })).toBe(false);
    // A clock that was put back.
    expect(mayAskForChanges(good, 60, { ...passed, sinceListMs: -1 })).toBe(false);
    expect(mayAskForChanges(good, 60, { ...passed, sinceListMs: 0 })).toBe(true);
  });

  it('lets an hour pass unless told otherwise', () => {
    const passed = (minutes: number) => ({
      sinceListMs: minutes * minute,
      sincePollMs: 15 * minute,
      intervalMs: null,
    });
    expect(mayAskForChanges(good, 'auto', passed(45))).toBe(true);
    expect(mayAskForChanges(good, 'auto', passed(46))).toBe(false);
  });

  it('never lets more than the configured minutes pass between two whole lists', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_440 }),
        fc.integer({ min: 3, max: 200 * 60 }),
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 50, maxLength: 300 }),
        fc.boolean(),
        (minutes, intervalSeconds, lateSeconds, isService) => {
          const interval = intervalSeconds * 1_000;
          let now = 0;
          let listed = 0;
          let polled = 0;
          for (const late of lateSeconds) {
            // A service polls at most a little earlier than an interval after the poll before it.
            now += isService ? interval - Math.min(late * 1_000, interval - 1) : interval;
            const isDelta = mayAskForChanges(good, minutes, {
              sinceListMs: now - listed,
              sincePollMs: now - polled,
              intervalMs: isService ? interval : null,
            });
            if (isDelta) expect(now - listed).toBeLessThanOrEqual(minutes * minute);
            else listed = now;
            polled = now;
            // The poll to come is in time, or comes after a whole list.
            if (isDelta) expect(now - listed + interval).toBeLessThanOrEqual(minutes * minute);
          }
        },
      ),
    );
  });
});

it('asks 20 minutes further back than the poll before', () => {
  expect(overlapMs).toBe(20 * minute);
});

it('reads short lists whole unless told otherwise', () => {
  expect(smallList).toBe(5_000);
  expect(areDeltasWanted('auto', smallList - 1)).toBe(false);
  expect(areDeltasWanted('auto', smallList)).toBe(true);
  expect(areDeltasWanted(15, 1)).toBe(true);
  expect(areDeltasWanted(0, 1_000_000)).toBe(false);
});
