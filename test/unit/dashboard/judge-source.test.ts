import { expect, it } from 'vitest';
import {
  commonSpan,
  judgeSource,
  type Judged,
} from '../../../src/dashboard/parts/completeness/judge-source.ts';

const now = Date.parse('2026-11-26T03:00:00Z');
const whole: Judged = {
  coveredFrom: '2026-01-01T00:00:00.000000Z',
  coveredTo: '2026-11-26T02:55:00.000000Z',
  uncoveredSeconds: 0,
  holes: 0,
  missing: 0,
  daysUntilLoss: 29.9,
};

it.each<[string, Partial<Judged>, ReturnType<typeof judgeSource>]>([
  ['nothing', {}, { tone: 'good', missing: null }],
  [
    'all of it',
    { coveredFrom: null, coveredTo: null, uncoveredSeconds: null, daysUntilLoss: null },
    { tone: 'bad', missing: 'everything, as no list was read whole yet' },
  ],
  ['a hole', { holes: 1 }, { tone: 'bad', missing: '1 hole' }],
  [
    'a gap and more',
    { holes: 1_200, uncoveredSeconds: 5 * 86_400 },
    { tone: 'bad', missing: '1,200 holes, among them 5 d that nothing has read' },
  ],
  ['what is in no hole', { missing: 2 }, { tone: 'bad', missing: '2 listed sessions not stored' }],
  [
    'what was not read for two days',
    { coveredTo: '2026-11-24T03:00:00.000000Z', daysUntilLoss: 28 },
    { tone: 'fair', missing: 'the last 2 d, which nothing has read yet' },
  ],
  [
    'what will be lost soon',
    { coveredTo: '2026-11-01T03:00:00.000000Z', daysUntilLoss: 5 },
    { tone: 'bad', missing: 'the last 25 d, which nothing has read yet' },
  ],
  [
    'what was lost, and a hole',
    { coveredTo: '2026-10-01T03:00:00.000000Z', daysUntilLoss: -26, holes: 1 },
    {
      tone: 'bad',
      missing:
        "1 hole, and what was created after the last whole list and has left Enterprise Manager's by now",
    },
  ],
])('says that %s is missing', (_, change, expected) => {
  expect(judgeSource({ ...whole, ...change }, now)).toEqual(expected);
});

it('tells the span that all sources share, or that there is none', () => {
  const other = {
    coveredFrom: '2026-03-01T00:00:00.000000Z',
    coveredTo: '2026-11-26T02:59:00.000000Z',
  };
  expect(commonSpan([whole, other])).toEqual({ from: other.coveredFrom, to: whole.coveredTo });
  expect(commonSpan([whole, { coveredFrom: null, coveredTo: null }])).toBeUndefined();
  expect(commonSpan([])).toBeUndefined();
});
