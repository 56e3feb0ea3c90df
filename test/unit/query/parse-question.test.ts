import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCursor, writeCursor } from '../../../src/query/cursor.ts';
import { fieldName } from '../../../src/query/field-name.ts';
import { parameterNames, parseQuestion } from '../../../src/query/parse-question.ts';
import { orderKey } from '../../../src/query/question.ts';
import type { ColumnType, Resource } from '../../../src/query/resource.ts';
import { computerCalendar } from '../../../src/query/resources/computer-calendar.ts';
import { computers } from '../../../src/query/resources/computers.ts';
import { dailyOutcomes } from '../../../src/query/resources/daily-outcomes.ts';
import { durationGrowth } from '../../../src/query/resources/duration-growth.ts';
import { jobs } from '../../../src/query/resources/jobs.ts';
import { outcomesByDay } from '../../../src/query/resources/outcomes-by-day.ts';
import { overdue } from '../../../src/query/resources/overdue.ts';
import { servers } from '../../../src/query/resources/servers.ts';
import { sessions } from '../../../src/query/resources/sessions.ts';
import { sources } from '../../../src/query/resources/sources.ts';
import { syncRuns } from '../../../src/query/resources/sync-runs.ts';

const all = [
  sessions,
  jobs,
  computers,
  computerCalendar,
  overdue,
  servers,
  dailyOutcomes,
  outcomesByDay,
  durationGrowth,
  sources,
  syncRuns,
];
const aResource = fc.constantFrom(...all);
const ordered = (resource: Resource) =>
  fc.record({
    resource: fc.constant(resource),
    order: fc.constantFrom(...(resource.orders ?? [undefined])),
    isDescending: fc.boolean(),
  });

/** Values as they stand in a cursor. */
const values: Readonly<Record<ColumnType, fc.Arbitrary<string>>> = {
  text: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
  uuid: fc.uuid(),
  timestamp: fc
    .date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T00:00:00Z'),
      noInvalidDate: true,
    })
    .chain((date) =>
      fc.nat(999).map((rest) => `${date.toISOString().slice(0, -1)}${String(rest).padStart(3, '0')}Z`),
    ),
  date: fc
    .date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T00:00:00Z'),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString().slice(0, 10)),
  integer: fc.integer().map(String),
  bigint: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  double: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }).map(String),
  boolean: fc.boolean().map(String),
};

describe('cursors', () => {
  it('come back as they were made, in their own list and order only', () => {
    fc.assert(
      fc.property(
        aResource
          .chain(ordered)
          .chain(({ resource, ...ordering }) =>
            fc.tuple(
              fc.constant(resource),
              fc.constant(ordering),
              fc.tuple(...orderKey(resource, ordering.order).map(({ type }) => values[type])),
            ),
          ),
        ([resource, ordering, position]) => {
          const cursor = writeCursor(resource, ordering, position);
          expect(cursor).toMatch(/^[\w-]*$/);
          expect(readCursor(resource, ordering, cursor)).toEqual(position);
          expect(
            readCursor(resource, { ...ordering, isDescending: !ordering.isDescending }, cursor),
          ).toBeUndefined();
          for (const order of resource.orders ?? [])
            if (order !== ordering.order)
              expect(readCursor(resource, { ...ordering, order }, cursor)).toBeUndefined();
          for (const other of all)
            if (other !== resource) expect(readCursor(other, ordering, cursor)).toBeUndefined();
        },
      ),
    );
  });

  it('made by others are none, whatever is in them', () => {
    const made = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
      fc
        .array(
          fc.oneof(fc.constantFrom('sessions', 'desc', '2026-01-01T00:00:00.000000Z', '1'), fc.jsonValue()),
        )
        .map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url')),
    );
    fc.assert(
      fc.property(aResource.chain(ordered), made, ({ resource, ...ordering }, cursor) => {
        const position = readCursor(resource, ordering, cursor);
        if (position !== undefined)
          expect(position.map((value) => typeof value)).toEqual(
            orderKey(resource, ordering.order).map(() => 'string'),
          );
      }),
    );
  });
});

describe('questions', () => {
  const given = (resource: (typeof all)[number]) =>
    fc.dictionary(
      fc.oneof(fc.constantFrom(...parameterNames(resource)), fc.string()),
      fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 3 }),
      ),
      { maxKeys: 4 },
    );

  it('are understood or refused by name, whatever is given', () => {
    fc.assert(
      fc.property(
        aResource.chain((resource) => fc.tuple(fc.constant(resource), given(resource))),
        ([resource, parameters]) => {
          const parsed = parseQuestion(resource, parameters);
          if ('problems' in parsed) {
            expect(parsed.problems.length).toBeGreaterThan(0);
            for (const { parameter } of parsed.problems) expect(Object.keys(parameters)).toContain(parameter);
            return;
          }
          // What was given is in the question: nothing is dropped in silence but an empty search.
          const filters = Object.keys(parameters).filter((name) =>
            resource.filters.some((one) => one.name === name),
          );
          const asked = parsed.question.conditions.map(({ filter }) => filter.name);
          expect(filters.filter((name) => !asked.includes(name) && name !== 'search')).toEqual([]);
        },
      ),
    );
  });
});

it('each resource shows columns that its filters and key know', () => {
  for (const { columns, filters, orders = [], name, grouped } of all) {
    const names = columns.map((column) => column.name);
    expect([name, new Set(names).size]).toEqual([name, names.length]);
    for (const { field } of orders)
      expect([name, names.map(fieldName)]).toEqual([name, expect.arrayContaining([field])]);
    for (const filter of filters)
      if (filter.operator !== 'search' && grouped === undefined)
        expect([name, names]).toEqual([name, expect.arrayContaining([filter.column])]);
  }
});

it('writes fields in camel case', () => {
  expect(['session_id', 'success_rate_30d', 'sessions_30d', 'day'].map(fieldName)).toEqual([
    'sessionId',
    'successRate30d',
    'sessions30d',
    'day',
  ]);
});
