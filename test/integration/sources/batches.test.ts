import { afterEach, describe, expect, it } from 'vitest';
import { openEnterpriseManager } from '../../../src/sources/enterprise-manager/open-enterprise-manager.ts';
import type { SessionAnswer, Source, TasksAnswer, Window } from '../../../src/sources/source.ts';
import {
  idOfNumber,
  startQueryDouble,
  type Lies,
  type QueryDouble,
  type Told,
} from '../../support/query-double.ts';

const doubles: QueryDouble[] = [];
afterEach(async () => {
  for (const double of doubles.splice(0)) await double.close();
});

async function start(all: readonly Told[], lies: Lies = {}, learned: unknown = null) {
  const double = await startQueryDouble(all, lies);
  doubles.push(double);
  const lessons: unknown[] = [];
  const source = openEnterpriseManager({
    url: double.url,
    username: 'u',
    password: 'p',
    concurrency: 4,
    signal: new AbortController().signal,
    retry: { baseMs: 1, maxMs: 1 },
    learned,
    onLearned: (lesson) => lessons.push(lesson),
  });
  return { source, double, lessons };
}

/** A world of jobs with 40 computers each; a job's own session has no tasks. */
function world(count: number): Told[] {
  return Array.from({ length: count }, (_, index) => {
    const isParent = index % 41 === 0;
    return {
      id: idOfNumber(1, index),
      created: new Date(Date.parse('2026-06-16T00:00:00Z') + index * 1_000).toISOString(),
      ...(!isParent && { parentId: idOfNumber(1, index - (index % 41)) }),
      tasks: isParent ? [] : [`reason ${index}`],
    };
  });
}

async function lookUp(source: Source, ids: readonly string[]): Promise<Map<string, SessionAnswer>> {
  const answers = new Map<string, SessionAnswer>();
  for await (const answer of source.lookUp(ids)) {
    expect(answers.has(answer.id)).toBe(false);
    answers.set(answer.id, answer);
  }
  await source.close();
  return answers;
}

async function readTasks(source: Source, ids: readonly string[]): Promise<Map<string, TasksAnswer>> {
  const answers = new Map<string, TasksAnswer>();
  for await (const answer of source.readTasks(ids)) {
    expect(answers.has(answer.sessionId)).toBe(false);
    answers.set(answer.sessionId, answer);
  }
  await source.close();
  return answers;
}

const lies: [string, Lies][] = [
  ['tells the truth', {}],
  ['ignores the page size', { maxPageSize: 100 }],
  ['has tiny pages', { maxPageSize: 30 }],
  ['ignores the filter', { filterIgnored: true }],
  ['does not know /query', { status: 404 }],
  ['refuses the filter', { status: 400 }],
  ['may not be asked', { status: 403 }],
  ['fails at it', { status: 500 }],
  ['leaves rows out', { leavesOut: (id) => Number(id.slice(-3)) % 7 === 3 }],
  ['leaves few rows out', { leavesOut: (id) => Number(id.slice(-3)) % 97 === 50 }],
  ['leaves everything out', { leavesOut: () => true }],
  ['says nothing of pages', { noPaging: true }],
  ['repeats rows', { repeatsRows: true }],
  ['has other content', { wrongContent: true }],
  ['has no parent links', { noParentLinks: true }],
];

describe.each(lies)('a /query that %s', (_, told) => {
  const all = world(400);
  const ids = all.map(({ id }) => id);

  it('is no reason for a wrong session', async () => {
    const { source } = await start(all, told);
    const gone = idOfNumber(9, 1);
    const answers = await lookUp(source, [...ids, gone, ids[0] ?? '']);
    expect(answers.size).toBe(401);
    expect(answers.get(gone)).toEqual({ id: gone, as: 'gone' });
    for (const { id, parentId, created } of all) {
      expect(answers.get(id)).toMatchObject({
        as: 'session',
        session: { id, parentId: parentId ?? null, jobName: 'job', createdAt: created.replace('Z', '000Z') },
      });
    }
  });

  it('is no reason for a wrong task', async () => {
    const { source } = await start(all, told);
    const answers = await readTasks(source, [...ids, idOfNumber(9, 1)]);
    expect(answers.size).toBe(401);
    for (const { id, tasks } of all) {
      expect(answers.get(id)).toMatchObject({
        as: 'tasks',
        tasks: tasks.map((reason) => ({ sessionId: id, reason })),
      });
    }
  });
});

describe('requests', () => {
  it('are few when /query is honest: one for 40 sessions and more', async () => {
    const all = world(4_000);
    const ids = all.map(({ id }) => id);
    const sessions = await start(all);
    await lookUp(sessions.source, ids);
    expect(sessions.double.requests.length).toBeLessThanOrEqual(4_000 * 0.03);
    const tasks = await start(all);
    await readTasks(tasks.source, ids);
    expect(tasks.double.requests.length).toBeLessThanOrEqual(4_000 / 40);
    expect(Math.max(...tasks.double.requests.map((request) => request.length))).toBeLessThan(8_000);
  });

  it('are not wasted on what was learned, for a day', async () => {
    const all = world(50);
    const ids = all.map(({ id }) => id);
    const first = await start(all, { status: 400 });
    await lookUp(first.source, ids);
    expect(first.lessons.at(-1)).toMatchObject({
      query: { sessions: { works: false, reason: expect.stringContaining('400') as string } },
    });
    const second = await start(all, { status: 400 }, first.lessons.at(-1));
    await lookUp(second.source, ids);
    expect(second.double.requests.filter((request) => request.includes('/query'))).toEqual([]);
    const old = { query: { sessions: { works: false, at: '2020-01-01T00:00:00Z' } } };
    const third = await start(all, {}, old);
    await lookUp(third.source, ids);
    expect(third.double.requests.filter((request) => request.includes('/query'))).toHaveLength(1);
  });

  it('end after twenty failures in a row', async () => {
    const { source, double } = await start([], { status: 404 });
    const answers = await readTasks(
      source,
      Array.from({ length: 100 }, (_, index) => `not-an-id-${index}`),
    );
    // EM's own 404 is an answer.
    expect([...answers.values()].every(({ as }) => as === 'gone')).toBe(true);
    expect(double.requests.length).toBeGreaterThan(100);
  });
});

describe('a window', () => {
  const window = (from: string, to: string) => ({ from, to }) as unknown as Window;
  const hour = window('2026-06-16T00:00:00.000000Z', '2026-06-16T01:00:00.000000Z');
  const read = async (all: readonly Told[], told: Lies, wanted = hour) => {
    const { source } = await start(all, told);
    const answer = await source.readWindow(wanted);
    await source.close();
    return answer;
  };

  it('is whole when one page shows all of it', async () => {
    const answer = await read(world(700), {});
    expect(answer.as).toBe('whole');
    expect(answer.records).toHaveLength(700);
    expect(await read([], {})).toMatchObject({ as: 'whole', records: [] });
  });

  it.each<[string, Lies, string]>([
    ['several pages', { maxPageSize: 100 }, 'too-large'],
    ['no paging', { noPaging: true }, 'doubtful'],
    ['a row twice', { repeatsRows: true }, 'doubtful'],
    ['an error of the server', { status: 500 }, 'doubtful'],
    ['no /query', { status: 404 }, 'refused'],
    ['no right', { status: 403 }, 'refused'],
    ['a bad request', { status: 400 }, 'refused'],
  ])('is not whole with %s', async (_, told, as) => {
    expect((await read(world(700), told)).as).toBe(as);
  });

  it('drops what was not asked for', async () => {
    const late = { id: idOfNumber(3, 1), created: '2026-06-17T00:00:00.000Z', tasks: [] };
    const answer = await read([...world(10), late], { filterIgnored: true });
    // Most rows are of another job type, or of another time.
    expect(answer).toMatchObject({ as: 'refused' });
    expect(answer.records.length).toBeLessThanOrEqual(10);
    expect(JSON.stringify(answer.records)).not.toContain(late.id);
    expect(
      await read(
        world(10),
        { filterIgnored: true },
        window('2020-01-01T00:00:00.000000Z', '2020-01-02T00:00:00.000000Z'),
      ),
    ).toMatchObject({ as: 'refused', records: [] });
  });

  it('of one moment is read until it is whole, in whatever order it comes', async () => {
    const all = Array.from({ length: 35 }, (_, index) => ({
      id: idOfNumber(4, index),
      created: '2026-06-16T00:00:00.500Z',
      tasks: [],
    }));
    const second = window('2026-06-16T00:00:00.000000Z', '2026-06-16T00:00:01.000000Z');
    const answer = await read(all, { maxPageSize: 10, unstableOrder: true }, second);
    expect(answer.as).toBe('whole');
    expect(answer.records).toHaveLength(35);
    expect(
      (await read(all, { maxPageSize: 10, leavesOut: (id) => id.endsWith('7'), repeatsRows: true }, second))
        .as,
    ).toBe('doubtful');
  });
});
