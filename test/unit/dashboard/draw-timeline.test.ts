import fc from 'fast-check';
import { expect, it } from 'vitest';
import { drawTimeline } from '../../../src/dashboard/parts/completeness/draw-timeline.ts';

const begin = Date.parse('2020-01-01T00:00:00Z');
const hour = 3_600_000;
const iso = (time: number) => new Date(time).toISOString();

/** Timelines as the API has them: the spans of a source touch and never overlap. */
const timelines = fc.array(
  fc.record({
    start: fc.nat(40_000),
    spans: fc.array(
      fc.record({ hours: fc.integer({ min: 1, max: 9_000 }), via: fc.constantFrom('list', 'query', null) }),
      { minLength: 1, maxLength: 12 },
    ),
  }),
  { minLength: 1, maxLength: 5 },
);

it('draws every span of every source, next to each other, up to now', () => {
  fc.assert(
    fc.property(timelines, fc.nat(200_000), (sources, hours) => {
      const spans = sources.flatMap(({ start, spans: own }, index) => {
        let at = begin + start * hour;
        return own.map(({ hours: length, via }) => {
          const fromAt = iso(at);
          at += length * hour;
          return { source: `em ${index}`, fromAt, toAt: iso(at), isCovered: via !== null, via };
        });
      });
      const now = begin + hours * hour;
      const drawn = drawTimeline(spans.toReversed(), now);
      expect(drawn?.bars.map(({ source }) => source)).toEqual(sources.map((_, index) => `em ${index}`));
      for (const { source, stretches, summary } of drawn?.bars ?? []) {
        const own = spans.filter((span) => span.source === source);
        expect(stretches.filter(({ as }) => as !== 'open').map(({ from }) => from)).toEqual(
          own.map(({ fromAt }) => fromAt),
        );
        expect(stretches.filter(({ as }) => as === 'gap')).toHaveLength(
          own.filter(({ isCovered }) => !isCovered).length,
        );
        expect(summary.startsWith('read whole')).toBe(own.every(({ isCovered }) => isCovered));
        let end = stretches[0]?.startPercent ?? 0;
        expect(end).toBeGreaterThanOrEqual(0);
        for (const { startPercent, percent } of stretches) {
          expect(startPercent).toBeCloseTo(end, 6);
          expect(percent).toBeGreaterThanOrEqual(0);
          end = startPercent + percent;
        }
        // The last list, or nothing since: either way up to the right end.
        expect(end).toBeCloseTo(100, 6);
      }
      expect(drawn?.ticks.length).toBeLessThanOrEqual(24);
      for (const { percent } of drawn?.ticks ?? []) {
        expect(percent).toBeGreaterThanOrEqual(0);
        expect(percent).toBeLessThanOrEqual(100);
      }
    }),
  );
});

it('draws nothing of nothing', () => {
  expect(drawTimeline([], begin)).toBeUndefined();
});
