import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { computerCalendar } from '../../../src/query/resources/computer-calendar.ts';
import { computers } from '../../../src/query/resources/computers.ts';
import { dailyOutcomes } from '../../../src/query/resources/daily-outcomes.ts';
import { dailyTotals } from '../../../src/query/resources/daily-totals.ts';
import { durationGrowth } from '../../../src/query/resources/duration-growth.ts';
import { jobs } from '../../../src/query/resources/jobs.ts';
import { outcomesByDay } from '../../../src/query/resources/outcomes-by-day.ts';
import { overdue } from '../../../src/query/resources/overdue.ts';
import { servers } from '../../../src/query/resources/servers.ts';
import { sessions } from '../../../src/query/resources/sessions.ts';
import { sources } from '../../../src/query/resources/sources.ts';
import { syncRuns } from '../../../src/query/resources/sync-runs.ts';
import { taskColumns } from '../../../src/query/resources/task-columns.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

/** What was released: people's reports stand on it. Add to it; never change or remove a line. */
const released = JSON.parse(
  readFileSync(new URL('../../fixtures/report-columns.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Readonly<Record<string, string>>>>;

let database: TestDatabase;
let shown: Record<string, Record<string, string>>;

beforeAll(async () => {
  database = await createTestDatabase();
  const rows = await database.query<{ view: string; name: string; type: string }>(
    `select table_name as view, column_name as name, data_type as type from information_schema.columns
     where table_schema = 'report' order by table_name, ordinal_position`,
  );
  shown = {};
  for (const { view, name, type } of rows) (shown[view] ??= {})[name] = type;
});
afterAll(() => database.drop());

it('every view and column that was released is there, with its type', () => {
  for (const [view, columns] of Object.entries(released)) expect(shown[view]).toMatchObject(columns);
});

it('what is there is noted as released', () => {
  expect(shown).toEqual(released);
});

const types: Readonly<Record<string, readonly string[]>> = {
  text: ['text'],
  uuid: ['uuid'],
  timestamp: ['timestamp with time zone'],
  date: ['date'],
  integer: ['integer', 'bigint'],
  bigint: ['bigint'],
  double: ['double precision'],
  boolean: ['boolean'],
};

it.each([
  ['sessions', sessions.columns],
  ['jobs', jobs.columns],
  ['computers', computers.columns],
  ['servers', servers.columns],
  ['daily_outcomes', dailyOutcomes.columns],
  ['daily_totals', dailyTotals.columns],
  ['source_health', sources.columns],
  ['sync_runs', syncRuns.columns],
  ['tasks', taskColumns],
  ['overdue', overdue.columns],
  ['computer_calendar', computerCalendar.columns],
  ['duration_growth', durationGrowth.columns],
  ['outcomes_by_day', outcomesByDay.columns],
] as const)('API and export have the columns of report.%s', (view, columns) => {
  expect(columns.map(({ name }) => name)).toEqual(Object.keys(shown[view] ?? {}));
  for (const { name, type } of columns)
    expect([name, types[type]]).toEqual([name, expect.arrayContaining([shown[view]?.[name]])]);
});
