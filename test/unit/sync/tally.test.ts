import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countUp, startReasons, startTally, type Reasons, type Tally } from '../../../src/sync/tally.ts';

const some = fc.nat(50);
type Run = Readonly<
  Record<'fresh' | 'changed' | 'unchanged' | 'unreadable' | 'unidentified' | 'unfetched' | 'missing', number>
>;
const run: fc.Arbitrary<Run> = fc.record({
  fresh: some,
  changed: some,
  unchanged: some,
  unreadable: some,
  unidentified: some,
  unfetched: some,
  missing: some,
});
function reasons(count: number): Reasons {
  const all = startReasons();
  for (let index = 0; index < count; index += 1) all.set(`key ${index}`, 'a reason');
  return all;
}

/** A run as it would be told of: sessions known by their record were neither looked at nor written. */
function tell(one: Run): { readonly tally: Tally; readonly list: { seen: number; known: number } } {
  const { fresh, changed, unchanged, unreadable, unidentified, unfetched, missing } = one;
  return {
    tally: {
      ...startTally(),
      new: fresh,
      changed,
      stored: fresh + changed + unreadable + unfetched,
      unreadable: reasons(unreadable),
      unfetched: reasons(unfetched),
      unidentified: reasons(unidentified),
    },
    list: { seen: fresh + changed + unchanged + unreadable + unfetched + missing, known: unchanged },
  };
}

describe('the sums of a run', () => {
  it('count each listed session once', () => {
    fc.assert(
      fc.property(run, (one) => {
        const { tally, list } = tell(one);
        const counts = countUp(tally, list, one.missing);
        expect(counts).toEqual({
          listed: list.seen + one.unidentified,
          new: one.fresh,
          changed: one.changed,
          unchanged: one.unchanged,
          unreadable: one.unreadable + one.unidentified,
          unfetched: one.unfetched,
          missing: one.missing,
        });
      }),
    );
  });

  it('work out what is missing where the database was not asked', () => {
    fc.assert(
      fc.property(run, (one) => {
        const { tally, list } = tell(one);
        expect(countUp(tally, list, undefined)).toEqual(countUp(tally, list, one.missing));
        // More may be stored than a list shows, which was read again from its start.
        expect(countUp({ ...tally, stored: tally.stored + 1_000 }, list, undefined).missing).toBe(0);
      }),
    );
  });

  it('claim nothing of what is not known', () => {
    fc.assert(
      fc.property(run, fc.option(some, { nil: undefined }), (one, missing) => {
        const { tally, list } = tell(one);
        expect(countUp({ ...tally, hasWriteFailed: true }, list, missing)).toMatchObject({
          listed: list.seen + one.unidentified,
          unchanged: null,
          missing: null,
        });
        const deltas = countUp(tally, { ...list, seen: list.seen - one.missing }, null);
        expect(deltas).toMatchObject({ unchanged: one.unchanged, missing: null });
      }),
    );
  });

  it('are never below nothing', () => {
    expect(countUp({ ...startTally(), new: 3, changed: 2 }, { seen: 4, known: 0 }, 0).unchanged).toBe(0);
  });
});

it('begins with nothing', () => {
  expect(countUp(startTally(), { seen: 0, known: 0 }, undefined)).toEqual({
    listed: 0,
    new: 0,
    changed: 0,
    unchanged: 0,
    unreadable: 0,
    unfetched: 0,
    missing: 0,
  });
});

describe('reasons', () => {
  it('count every key once, and tell the oldest reason that still holds', () => {
    const all = startReasons();
    expect([all.size, all.first()]).toEqual([0, undefined]);
    for (let number = 0; number < 1_000; number += 1)
      all.set(`key ${number % 500}`, `reason ${number % 500}`);
    expect([all.size, all.first(), all.has('key 499'), all.has('key 500')]).toEqual([
      500,
      'reason 0',
      true,
      false,
    ]);
    expect([all.delete('key 0'), all.delete('key 0'), all.size, all.first()]).toEqual([
      true,
      false,
      499,
      'reason 1',
    ]);
    for (let number = 1; number < 400; number += 1) all.delete(`key ${number}`);
    expect([all.size, all.first()]).toEqual([100, 'its reason is in report.holes.']);
    all.clear();
    expect([all.size, all.first()]).toEqual([0, undefined]);
  });
});
