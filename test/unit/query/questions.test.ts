import { describe, expect, it } from 'vitest';
import { readChangesCursor, writeChangesCursor, type Positions } from '../../../src/query/changes-cursor.ts';
import { columns } from '../../../src/query/columns.ts';
import { writeCursor } from '../../../src/query/cursor.ts';
import { bySource, byCustomer, byKind, filter, from, search, to } from '../../../src/query/filters.ts';
import { limitColumns, limitQuestion, noLimits } from '../../../src/query/limits.ts';
import { order } from '../../../src/query/orders.ts';
import { mostRows, parameterNames, parseQuestion } from '../../../src/query/parse-question.ts';
import { orderKey, type Question } from '../../../src/query/question.ts';
import type { Resource } from '../../../src/query/resource.ts';

const since = from('createdFrom', 'created_at', 'timestamp', 'From then on.', '2026-06-16');
const until = to('createdTo', 'created_at', 'timestamp', 'Up to then.', '2026-06-17');
const size = filter('size', 'size', 'integer', 'How large.', '1');
const find = search('name', 'Part of a name.');
const newest = { field: 'createdAt', isDescendingByDefault: true };
const byName = order('name', 'lower(name)', 'text');

const things: Resource = {
  name: 'things',
  title: 'A thing.',
  relation: 'report.things',
  columns: columns('source text'),
  key: [{ name: 'id', type: 'integer' }],
  orders: [newest, byName],
  filters: [bySource, byKind, byCustomer, size, find, since, until],
  isRelativeToNow: false,
};
const keyed: Resource = { ...things, name: 'keyed', filters: [bySource, find] };
delete (keyed as { orders?: unknown }).orders;

const problemsOf = (given: Parameters<typeof parseQuestion>[1], resource = things) => {
  const parsed = parseQuestion(resource, given);
  return 'problems' in parsed
    ? Object.fromEntries(parsed.problems.map(({ parameter, message }) => [parameter, message]))
    : {};
};
const questionOf = (given: Parameters<typeof parseQuestion>[1], resource = things): Question => {
  const parsed = parseQuestion(resource, given);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.question;
};

describe('a question', () => {
  it('has what is usual where nothing is said', () => {
    expect(questionOf({})).toEqual({
      conditions: [],
      order: newest,
      isDescending: true,
      after: undefined,
      limit: undefined,
      count: 'none',
    });
    expect(questionOf({}, keyed)).toMatchObject({ order: undefined, isDescending: false });
    expect(questionOf({ source: undefined })).toMatchObject({ conditions: [] });
  });

  it('takes one value or several, each once, in the form PostgreSQL reads', () => {
    const { conditions } = questionOf({ source: ['a', 'b', 'a'], createdFrom: '2026-06-16', kind: 'job' });
    expect(conditions).toEqual([
      { filter: bySource, values: ['a', 'b'] },
      { filter: byKind, values: ['job'] },
      { filter: since, values: ['2026-06-16T00:00:00.000000Z'] },
    ]);
  });

  it('is as wide without an empty search as without any', () => {
    expect(questionOf({ search: '' }).conditions).toEqual([]);
    expect(questionOf({ search: 'x' }).conditions).toEqual([{ filter: find, values: ['x'] }]);
    expect(questionOf({ source: '' }).conditions).toEqual([{ filter: bySource, values: [''] }]);
  });

  it.each([
    ['createdAt', newest, false],
    ['-createdAt', newest, true],
    ['name', byName, false],
    ['-name', byName, true],
  ])('is ordered by %s', (sort, order, isDescending) => {
    expect(questionOf({ sort })).toMatchObject({ order, isDescending });
  });

  it('goes on after its own cursor', () => {
    const ordering = { order: byName, isDescending: true };
    const cursor = writeCursor(things, ordering, ['sql', '7']);
    expect(questionOf({ cursor, sort: '-name' }).after).toEqual(['sql', '7']);
    expect(problemsOf({ cursor })).toEqual({
      cursor: 'is no cursor of this list in this order; take nextCursor of the page before',
    });
    expect(problemsOf({ cursor: '' })).toHaveProperty('cursor');
    // Too few values, too many, of another type, and what is no list at all.
    for (const parts of [['sql'], ['sql', '7', '8'], ['sql', 'x'], ['sql', 7], []])
      expect(
        problemsOf({
          sort: '-name',
          cursor: Buffer.from(JSON.stringify(['things', '-name', ...parts])).toString('base64url'),
        }),
      ).toHaveProperty('cursor');
    expect(problemsOf({ cursor: Buffer.from('{"length":4}').toString('base64url') })).toHaveProperty(
      'cursor',
    );
  });

  it.each([
    ['1', 1],
    [String(mostRows), mostRows],
    ['0007', 7],
  ])('is limited to %s', (limit, rows) => {
    expect(questionOf({ limit }).limit).toBe(rows);
  });

  it.each(['0', '1001', '-1', '1.5', '', ' 1', '1e2', 'x1', '1x', '1234567'])(
    'is not limited to %j',
    (limit) => {
      expect(problemsOf({ limit })).toEqual({ limit: 'is no whole number from 1 to 1000' });
    },
  );

  it.each(['none', 'estimated', 'exact'])('may be counted: %s', (count) => {
    expect(questionOf({ count }).count).toBe(count);
  });

  it('says everything that is wrong with it', () => {
    expect(
      problemsOf({
        colour: 'red',
        kind: 'jobs',
        createdFrom: ['2026-06-16', '2026-06-17'],
        size: Array.from({ length: 101 }, (_, index) => String(index)),
        search: ['a', 'b'],
        sort: 'size',
        limit: ['1', '2'],
        count: 'all',
        source: 'a\0',
      }),
    ).toEqual({
      colour:
        'is not known here; there are source, kind, customer, size, search, createdFrom, createdTo, sort, limit, cursor, count',
      kind: 'is none of job, computer, other',
      createdFrom: 'is given more than once',
      size: 'has more than 100 values',
      search: 'is given more than once',
      sort: 'is none of createdAt, name, with a minus before it for the other way round',
      limit: 'is given more than once',
      count: 'is none of none, estimated, exact',
      source: 'holds a NUL character',
    });
    expect(problemsOf({ sort: ['name', 'createdAt'] })).toEqual({ sort: 'is given more than once' });
    expect(problemsOf({ count: ['exact', 'none'] })).toEqual({ count: 'is given more than once' });
    expect(problemsOf({ sort: 'name--' })).toHaveProperty('sort');
    expect(problemsOf({ createdFrom: ['2026-06-16'], search: ['a'], sort: ['name'], limit: ['5'] })).toEqual(
      {},
    );
    expect(problemsOf({ size: Array.from({ length: 100 }, (_, index) => String(index)) })).toEqual({});
    expect(problemsOf({ sort: 'name' }, keyed)).toHaveProperty('sort');
  });

  it('knows its parameters', () => {
    expect(parameterNames(keyed)).toEqual(['source', 'search', 'limit', 'cursor', 'count']);
    expect(parameterNames(things)).toContain('sort');
  });

  it('is told apart by the order and the key', () => {
    expect(orderKey(things, byName)).toEqual([
      { name: 'lower(name)', type: 'text' },
      { name: 'id', type: 'integer' },
    ]);
    expect(orderKey(things, newest)).toEqual(things.key);
    expect(orderKey(things, undefined)).toEqual(things.key);
  });
});

describe('a limited key', () => {
  const question = questionOf({ size: '1' });
  const limits = { ...noLimits, sources: ['hq', 'branch'] };
  const valuesOf = (limited: Question) =>
    Object.fromEntries(limited.conditions.map(({ filter, values }) => [filter.name, values]));

  it('sees everything without limits', () => {
    expect(limitQuestion(things, question, noLimits)).toEqual(question);
    expect(limitColumns(things, noLimits)).toEqual([]);
  });

  it('sees its sources and customers, and of what was asked for those among them', () => {
    expect(valuesOf(limitQuestion(things, question, limits))).toEqual({
      size: ['1'],
      source: ['hq', 'branch'],
    });
    expect(
      valuesOf(
        limitQuestion(things, questionOf({ source: ['branch', 'other'] }), { ...limits, customers: ['a'] }),
      ),
    ).toEqual({ source: ['branch'], customer: ['a'] });
    expect(valuesOf(limitQuestion(things, questionOf({ source: 'other' }), limits))).toEqual({ source: [] });
  });

  it('sees by the sources of its customers what knows no customer', () => {
    const customers = { sources: [], customers: ['a'], customerSources: ['hq'] };
    expect(limitColumns(keyed, customers)).toEqual([{ column: 'source', values: ['hq'] }]);
    expect(limitColumns(things, customers)).toEqual([{ column: 'customer', values: ['a'] }]);
    expect(
      valuesOf(limitQuestion(keyed, questionOf({}, keyed), { ...customers, sources: ['branch', 'hq'] })),
    ).toEqual({ source: ['hq'] });
  });

  it('is refused what cannot be limited', () => {
    expect(() => limitQuestion({ ...keyed, filters: [] }, question, limits)).toThrow(
      'keyed cannot be limited by source',
    );
  });
});

describe('a cursor of the change feed', () => {
  const session = '0c5e4d9b-0f8a-4a5c-9d35-6a2c1f0e7a11';
  const cursorOf = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');

  it('comes back as it was made', () => {
    const positions: Positions = new Map([
      [1, { number: 0n, session: null }],
      [2 ** 31 - 1, { number: 999_999_999_999_999_999n, session }],
    ]);
    const text = writeChangesCursor(positions);
    expect(text).toMatch(/^[\w-]+$/);
    expect(readChangesCursor(text)).toEqual(positions);
    expect(readChangesCursor('')).toEqual(new Map());
    expect(readChangesCursor(cursorOf(['changes']))).toEqual(new Map());
  });

  it.each([
    ['another list', ['sessions', [1, '2']]],
    ['no list', { 0: 'changes', length: 1 }],
    ['a part that is none', ['changes', 1]],
    ['a part too long', ['changes', [1, '2', session, 4]]],
    ['no source', ['changes', ['1', '2']]],
    ['half a source', ['changes', [1.5, '2']]],
    ['source 0', ['changes', [0, '2']]],
    ['a source too large', ['changes', [2 ** 31, '2']]],
    ['a number that is none', ['changes', [1, 2]]],
    ['an empty number', ['changes', [1, '']]],
    ['a number with more', ['changes', [1, '2x']]],
    ['a number with more before it', ['changes', [1, 'x2']]],
    ['a number too long', ['changes', [1, '1234567890123456789']]],
    ['a session that is none', ['changes', [1, '2', 'x']]],
    ['a session with more', ['changes', [1, '2', `${session}0`]]],
    ['a session with more before it', ['changes', [1, '2', `0${session}`]]],
    ['a session that is a number', ['changes', [1, '2', 3]]],
    ['nothing in JSON', 'not JSON'],
  ])('is none with %s', (_, parts) => {
    expect(readChangesCursor(cursorOf(parts))).toBeUndefined();
  });

  it('is none when it is no JSON', () => {
    expect(readChangesCursor('!')).toBeUndefined();
  });
});

it('reads columns from lines', () => {
  expect(
    columns(`
      source text
      outcome text?: success failed
      size bigint?
    `),
  ).toEqual([
    { name: 'source', type: 'text', isNullable: false },
    { name: 'outcome', type: 'text', isNullable: true, words: ['success', 'failed'] },
    { name: 'size', type: 'bigint', isNullable: true },
  ]);
});

it('makes filters of the four kinds', () => {
  expect(filter('a', 'b', 'text', 'Says.', 'x')).toEqual({
    name: 'a',
    operator: 'equal',
    column: 'b',
    type: 'text',
    description: 'Says.',
    example: 'x',
  });
  expect([since, until, find].map(({ name, operator }) => [name, operator])).toEqual([
    ['createdFrom', 'from'],
    ['createdTo', 'to'],
    ['search', 'search'],
  ]);
  expect(byName).toEqual({
    field: 'name',
    isDescendingByDefault: false,
    by: { name: 'lower(name)', type: 'text' },
  });
});
