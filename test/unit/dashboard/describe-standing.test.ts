import { describe, expect, it } from 'vitest';
import type { Hole } from '../../../src/dashboard/api/rows.ts';
import {
  describeFilling,
  describeTasks,
  type Standing,
} from '../../../src/dashboard/parts/completeness/describe-standing.ts';

const now = Date.parse('2026-11-26T03:00:00Z');
const hole: Hole = {
  source: 'em',
  kind: 'unfetched',
  sessionId: null,
  fromAt: null,
  toAt: null,
  reason: 'EM answered 500',
  attempts: 1,
  firstSeenAt: '2026-11-26T02:00:00.000000Z',
  lastTriedAt: '2026-11-26T02:50:00.000000Z',
  holeKey: 'unfetched 1',
  nextTryAt: '2026-11-26T03:10:00.000000Z',
  keptText: null,
};
const gap: Hole = {
  ...hole,
  kind: 'gap',
  fromAt: '2026-10-01T00:00:00.000000Z',
  toAt: '2026-10-05T00:00:00.000000Z',
  nextTryAt: '2026-11-26T20:00:00.000000Z',
};

function standing(holes: readonly Hole[], change: Partial<Standing['source']> = {}): Standing {
  const source = {
    source: 'em',
    holes: holes.length,
    lastRunAt: '2026-11-26T02:55:00.000000Z',
    lastStatus: 'succeeded' as const,
    coveredFrom: '2026-01-01T00:00:00.000000Z',
    daysUntilLoss: 29,
    ...change,
  };
  return { source, holes, now };
}

describe('what is being filled', () => {
  it('is told with the next try of all', () => {
    expect(describeFilling(standing([gap, hole]))).toEqual({
      text: 'Yes: tried again',
      at: hole.nextTryAt,
    });
  });
  it.each<[string, Standing]>([
    ['Yes: tried again after the next poll.', standing([gap, { ...hole, nextTryAt: null }])],
    ['Yes: tried again after the next poll.', standing([{ ...hole, nextTryAt: '2026-11-26T02:59:00Z' }])],
    ['No: nothing has run for more than a day.', standing([hole], { lastRunAt: '2026-11-24T03:00:00Z' })],
    ['No: nothing has run for more than a day.', standing([], { lastRunAt: null })],
    ['A run is under way.', standing([hole], { lastStatus: 'running' })],
    ['With the next list that is read whole.', standing([])],
  ])('%s', (text, given) => {
    expect(describeFilling(given)).toEqual({ text });
  });
});

describe('what is to be done', () => {
  const commands = (given: Standing) => describeTasks(given).map(({ command }) => command);

  it('is to wait, where waiting is enough', () => {
    expect(describeTasks(standing([hole]))).toEqual([{ text: 'Nothing: wait for the next try.' }]);
  });
  it('is to start what stands still, and to look why a run failed', () => {
    expect(commands(standing([], { lastRunAt: null, lastStatus: null }))).toEqual([
      'session-history sync --source em',
    ]);
    expect(commands(standing([hole], { lastStatus: 'failed' }))).toEqual(['session-history check']);
  });
  it('is to fill a gap before Enterprise Manager forgets it', () => {
    const [task] = describeTasks(standing([gap]));
    expect(task?.command).toBe('session-history backfill --source em');
    expect(task?.text).toContain('begins to forget this on 2026-12-31');
    const [late] = describeTasks(standing([{ ...gap, fromAt: '2026-03-01T00:00:00.000000Z' }]));
    expect(late?.text).toContain('Do not wait');
  });
  it('is to report what cannot be read, and to look at rights after many tries', () => {
    expect(describeTasks(standing([{ ...hole, kind: 'unreadable' }]))[0]?.text).toContain('Report those');
    expect(commands(standing([{ ...hole, attempts: 6 }]))).toEqual(['session-history check']);
  });
  it('can be pasted into a shell, whatever the source is called', () => {
    expect(commands(standing([gap], { source: `O'Neil; rm -rf` }))).toEqual([
      String.raw`session-history backfill --source 'O'\''Neil; rm -rf'`,
    ]);
  });
});
