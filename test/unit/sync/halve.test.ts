import fc from 'fast-check';
import { expect, it } from 'vitest';
import { timestampFromDate, type Timestamp } from '../../../src/domain/timestamp.ts';
import type { Window } from '../../../src/sources/source.ts';
import { halve } from '../../../src/sync/halve.ts';

const start = Date.parse('2026-06-16T06:33:10Z');
/** A moment with microseconds, so many of them after the start. */
const at = (micros: number): Timestamp =>
  timestampFromDate(new Date(start + Math.floor(micros / 1_000))).replace(
    '000Z',
    `${String(micros % 1_000).padStart(3, '0')}Z`,
  ) as Timestamp;

const windows = fc
  .tuple(
    fc.nat(3_000_000),
    fc.oneof(fc.integer({ min: 1, max: 5_000_000 }), fc.integer({ min: 1, max: 2e12 })),
  )
  .map(([from, length]): Window => ({ from: at(from), to: at(from + length) }));
const lengthMs = ({ from, to }: Window) => Date.parse(to) - Date.parse(from);

it('cuts a window in two that touch, the newer first, each about half as long', () => {
  fc.assert(
    fc.property(windows, (window) => {
      const halves = halve(window);
      if (halves === undefined) {
        // A second is as small as it gets.
        expect(lengthMs(window)).toBeLessThan(2_001);
        return;
      }
      const [newer, older] = halves;
      expect([newer.to, older.from, newer.from]).toEqual([window.to, window.from, older.to]);
      expect(older.from < older.to && newer.from < newer.to).toBe(true);
      expect((Date.parse(older.to) - Date.parse(older.from)) % 1_000).toBe(0);
      expect(Math.abs(lengthMs(newer) - lengthMs(older))).toBeLessThanOrEqual(2_000);
    }),
    { numRuns: 1_000 },
  );
});

it('comes to an end, and leaves nothing out', () => {
  fc.assert(
    fc.property(windows, (whole) => {
      // Always the older half: so far down is the smallest window.
      let rest: Window = whole;
      let steps = 0;
      for (let halves = halve(rest); halves !== undefined; halves = halve(rest)) {
        [, rest] = halves;
        steps += 1;
      }
      expect(rest.from).toBe(whole.from);
      expect(steps).toBeLessThanOrEqual(Math.ceil(Math.log2(Math.max(2, lengthMs(whole) / 1_000))) + 1);
      expect(lengthMs(rest)).toBeLessThan(2_001);
    }),
  );
});

it.each([
  [10_000_000, [5_000_000]],
  [3_000_000, [1_000_000]],
  [2_000_000, [1_000_000]],
  [1_999_000, undefined],
  [1, undefined],
])('of %i microseconds', (length, cut) => {
  const middle = cut?.[0];
  expect(halve({ from: at(0), to: at(length) })).toEqual(
    middle === undefined
      ? undefined
      : [
          { from: at(middle), to: at(length) },
          { from: at(0), to: at(middle) },
        ],
  );
});
