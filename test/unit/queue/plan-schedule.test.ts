import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planSchedule, type Scheduled, type Wanted } from '../../../src/queue/plan-schedule.ts';

const now = 1_800_000_000_000;
const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const everyMs = fc.constantFrom(3_000, 900_000);
const wanted = fc.uniqueArray(fc.record({ id, everyMs }), { selector: (one) => one.id });
const present = fc.uniqueArray(
  fc.record({ id, everyMs, nextAt: fc.integer({ min: now - 10_000_000, max: now + 10_000_000 }) }),
  { selector: (one) => one.id },
);

/** What a queue does with a plan: a scheduler made anew ticks at once. */
function carryOut(before: readonly Scheduled[], plan: ReturnType<typeof planSchedule>): Scheduled[] {
  const gone = new Set([...plan.remove, ...plan.replace.map((one) => one.id)]);
  const made = [...plan.add, ...plan.replace].map((one) => ({ ...one, nextAt: now }));
  return [...before.filter((one) => !gone.has(one.id)), ...made];
}

it('leads to exactly the wanted schedule, whatever stood there', () => {
  fc.assert(
    fc.property(present, wanted, (before, want) => {
      const after = carryOut(before, planSchedule(before, want, now));
      const plain = ({ id, everyMs }: Wanted) => ({ id, everyMs });
      const sort = (all: readonly Wanted[]) => all.map(plain).sort((a, b) => a.id.localeCompare(b.id));
      expect(sort(after)).toEqual(sort(want));
    }),
  );
});

it('has nothing to do a second time', () => {
  fc.assert(
    fc.property(present, wanted, (before, want) => {
      const after = carryOut(before, planSchedule(before, want, now));
      expect(planSchedule(after, want, now)).toEqual({ add: [], replace: [], remove: [] });
    }),
  );
});

it('leaves a tick alone that is not overdue', () => {
  const everyMs = 900_000;
  for (const nextAt of [now, now + everyMs, now - everyMs]) {
    expect(planSchedule([{ id: 'a', everyMs, nextAt }], [{ id: 'a', everyMs }], now).replace).toEqual([]);
  }
});

it('makes anew what lost its thread or was scheduled under a wrong clock', () => {
  const one = { id: 'a', everyMs: 900_000 };
  for (const nextAt of [now - 2 * 900_000, now + 86_400_000]) {
    expect(planSchedule([{ ...one, nextAt }], [one], now).replace).toEqual([one]);
  }
});
