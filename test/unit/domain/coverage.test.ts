import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cover, gapsOf, noteVainTry, type Span, type Via } from '../../../src/domain/coverage.ts';
import { timestampFromDate } from '../../../src/domain/timestamp.ts';

/** Creation times are hours; tries and reads happen later, one after the other. */
const hour = (count: number) => timestampFromDate(new Date(Date.UTC(2026, 0, 1, count)));
const hourOf = (text: string) => (Date.parse(text) - Date.UTC(2026, 0, 1)) / 3_600_000;
const clock = (step: number) => hour(10_000 + step);

type Step = { readonly from: number; readonly to: number } & (
  { readonly as: 'read'; readonly via: Via } | { readonly as: 'try'; readonly reason: string }
);
const ends = { from: fc.integer({ min: 0, max: 12 }), to: fc.integer({ min: 0, max: 12 }) };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ ...ends, as: fc.constant('read' as const), via: fc.constantFrom<Via>('list', 'query') }),
  fc.record({ ...ends, as: fc.constant('try' as const), reason: fc.constantFrom('busy', 'doubtful') }),
);

const take = (timeline: readonly Span[], one: Step, at: number): readonly Span[] => {
  const range = { from: hour(one.from), to: hour(one.to) };
  return one.as === 'read'
    ? cover(timeline, { ...range, via: one.via, readAt: clock(at) })
    : noteVainTry(timeline, { ...range, reason: one.reason, at: clock(at), dueAt: clock(at + 24) });
};

/** What is known of one hour, worked out hour by hour. */
type Hour = Pick<Span, 'via' | 'attempts' | 'reason' | 'lastTriedAt' | 'dueAt'> & {
  readonly readAt: string | null;
  readonly firstSeenAt: string;
};
function takeByHour(hours: ReadonlyMap<number, Hour>, one: Step, at: number): ReadonlyMap<number, Hour> {
  if (one.from >= one.to) return hours;
  const next = new Map(hours);
  const from = Math.min(one.from, ...hours.keys());
  const to = Math.max(one.to, ...[...hours.keys()].map((key) => key + 1));
  for (let key = from; key < to; key += 1) {
    const gap: Hour = {
      via: null,
      readAt: null,
      attempts: 0,
      reason: null,
      lastTriedAt: null,
      dueAt: null,
      firstSeenAt: clock(at),
    };
    const before = hours.get(key) ?? gap;
    const isMeant = key >= one.from && key < one.to;
    if (!isMeant) next.set(key, before);
    else if (one.as === 'try')
      next.set(
        key,
        before.via === null
          ? {
              ...before,
              attempts: before.attempts + 1,
              reason: one.reason,
              lastTriedAt: clock(at),
              dueAt: clock(at + 24),
            }
          : before,
      );
    else if (before.via === null) next.set(key, { ...gap, via: one.via, readAt: clock(at) });
    else next.set(key, before.via === one.via ? { ...before, readAt: clock(at) } : before);
  }
  return next;
}

function play(steps: readonly Step[]): {
  readonly timeline: readonly Span[];
  readonly hours: ReadonlyMap<number, Hour>;
} {
  let timeline: readonly Span[] = [];
  let hours: ReadonlyMap<number, Hour> = new Map();
  for (const [at, one] of steps.entries()) {
    timeline = take(timeline, one, at);
    hours = takeByHour(hours, one, at);
  }
  return { timeline, hours };
}

const walks = fc.array(step, { maxLength: 12 });

describe('a timeline', () => {
  it('says of every hour what was done there, whatever was done in whatever order', () => {
    fc.assert(
      fc.property(walks, (steps) => {
        const { timeline, hours } = play(steps);
        const shown = new Map<number, Hour>();
        for (const span of timeline)
          for (let key = hourOf(span.from); key < hourOf(span.to); key += 1) {
            expect(shown.has(key)).toBe(false);
            shown.set(key, span);
          }
        expect([...shown.keys()].sort((a, b) => a - b)).toEqual([...hours.keys()].sort((a, b) => a - b));
        for (const [key, { via, attempts, reason, lastTriedAt, dueAt, readAt, firstSeenAt }] of hours) {
          expect(shown.get(key)).toMatchObject({ via, attempts, reason, lastTriedAt, dueAt });
          // Neighbours that say the same are one span: its times are those of the whole of it.
          const span = shown.get(key);
          if (readAt === null) expect(span?.readAt).toBeNull();
          else expect((span?.readAt ?? '') >= readAt).toBe(true);
          expect((span?.firstSeenAt ?? '~') <= firstSeenAt).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is a row of spans that touch, and no longer than it has to be', () => {
    fc.assert(
      fc.property(walks, (steps) => {
        const { timeline } = play(steps);
        for (const [index, span] of timeline.entries()) {
          expect(span.from < span.to).toBe(true);
          const next = timeline[index + 1];
          if (next === undefined) continue;
          expect(next.from).toBe(span.to);
          const says = ({ via, attempts, reason, dueAt }: Span) => [via, attempts, reason, via ?? dueAt];
          expect(says(next)).not.toEqual(says(span));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('shows its gaps newest first, and those before it when asked further back', () => {
    fc.assert(
      fc.property(walks, fc.option(ends.from, { nil: undefined }), (steps, since) => {
        const { timeline, hours } = play(steps);
        const gaps = gapsOf(timeline, since === undefined ? undefined : hour(since));
        const shown = gaps.flatMap(({ from, to }) =>
          Array.from({ length: hourOf(to) - hourOf(from) }, (_, index) => hourOf(to) - 1 - index),
        );
        const keys = [...hours.keys()];
        const last = Math.max(...keys);
        const first = since ?? Math.min(...keys);
        const expected: number[] = [];
        for (let key = last; keys.length > 0 && key >= first; key -= 1)
          if ((hours.get(key)?.via ?? null) === null) expected.push(key);
        expect(shown).toEqual(expected);
        expect(gaps.every((gap) => gap.via === null && gap.from < gap.to)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps when it was first covered, and last', () => {
    const read = { from: hour(0), to: hour(4), via: 'list' as const };
    const first = cover([], { ...read, readAt: clock(0) });
    expect(first).toEqual([
      {
        from: hour(0),
        to: hour(4),
        via: 'list',
        readAt: clock(0),
        reason: null,
        attempts: 0,
        firstSeenAt: clock(0),
        lastTriedAt: null,
        dueAt: null,
      },
    ]);
    expect(cover(first, { ...read, to: hour(6), readAt: clock(1) })).toEqual([
      { ...first[0], to: hour(6), readAt: clock(1) },
    ]);
    // An answer that came late does not make what was read look older.
    expect(cover(cover(first, { ...read, readAt: clock(2) }), { ...read, readAt: clock(1) })).toEqual([
      { ...first[0], readAt: clock(2) },
    ]);
  });

  it('reaches back from its last span for gaps nobody knew of', () => {
    const timeline = cover([], { from: hour(5), to: hour(6), via: 'query', readAt: clock(0) });
    expect(gapsOf(timeline, hour(2))).toEqual([
      expect.objectContaining({
        from: hour(2),
        to: hour(5),
        readAt: null,
        attempts: 0,
        firstSeenAt: clock(0),
      }),
    ]);
    expect(gapsOf(timeline, hour(6))).toEqual([]);
    expect(gapsOf([], hour(1))).toEqual([]);
  });
});
