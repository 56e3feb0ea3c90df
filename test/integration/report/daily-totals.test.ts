import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { settleDays } from '../../../src/db/daily-totals.ts';
import { changeLabels } from '../../../src/db/labels.ts';
import { markLost } from '../../../src/db/list-state.ts';
import { nameJobs } from '../../../src/db/name-jobs.ts';
import { openDatabase, type Database } from '../../../src/db/open-database.ts';
import { rebuildDerived } from '../../../src/db/rebuild-derived.ts';
import { writeBatch } from '../../../src/db/write-batch.ts';
import { batchOf } from '../../support/batch-of.ts';
import { writeTasks } from '../../../src/db/write-tasks.ts';
import { writeTo, type Write } from '../../../src/db/write-transaction.ts';
import { timestampFromDate } from '../../../src/domain/timestamp.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let test: TestDatabase;
let database: Database;
const source = { id: 1, name: 'one', fence: null };

beforeAll(async () => {
  test = await createTestDatabase();
  database = openDatabase(test.url, { poolSize: 2 });
  await test.query(`insert into sources (name, url) values ('one', 'x'), ('two', 'x')`);
});
afterAll(async () => {
  await database.close();
  await test.drop();
});

const id = (kind: string, number: number) =>
  `${kind}0000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** Few values, so that sessions meet: in time, in jobs, in retries, under names. */
const session = fc.record({
  number: fc.integer({ min: 1, max: 12 }),
  job: fc.constantFrom(null, 1, 2, 3),
  hour: fc.integer({ min: 0, max: 40 }),
  minutes: fc.constantFrom(null, 5, 500),
  retry: fc.boolean(),
  result: fc.constantFrom('Success', 'Warning', 'Failed', 'Odd'),
  parent: fc.constantFrom(null, 1, 2),
  server: fc.constantFrom(null, 1, 2),
});
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      rows: fc.uniqueArray(session, { minLength: 1, maxLength: 6, selector: ({ number }) => number }),
      telling: fc.constantFrom('whole' as const, 'part' as const),
    }),
  },
  fc.record({
    do: fc.constant('parent' as const),
    number: fc.constantFrom(1, 2),
    name: fc.constantFrom('Day', 'Night'),
  }),
  fc.record({ do: fc.constant('name' as const) }),
  fc.record({ do: fc.constant('lose' as const), number: fc.integer({ min: 1, max: 12 }) }),
  fc.record({
    do: fc.constant('task' as const),
    number: fc.integer({ min: 1, max: 12 }),
    machine: fc.constantFrom('PC-1', 'PC-2'),
    bytes: fc.integer({ min: 0, max: 9 }),
  }),
  fc.record({
    do: fc.constant('label' as const),
    computer: fc.constantFrom('PC-1', 'PC-2', 'Day - PC-1', ''),
    value: fc.constantFrom('Acme', 'Brown', null),
  }),
  fc.record({ do: fc.constant('settle' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const write = <T>(work: (write: Write) => Promise<T>) => writeTo(database.prisma, source, work);
const start = Date.UTC(2026, 5, 1);
const at = (hour: number) => timestampFromDate(new Date(start + hour * 3_600_000));
const options = { tasks: 'none' as const, named: new Set<string>(), parser: 1 };

async function perform(one: Step): Promise<void> {
  switch (one.do) {
    case 'write': {
      const rows = one.rows.map(({ number, job, hour, minutes, retry, result, parent, server }) => ({
        fingerprint: null,
        computer: `PC-${job ?? 1}`,
        session: {
          id: id('a', number),
          name: 'session',
          kind: 'computer' as const,
          jobType: 'AgentManagement',
          jobId: job === null ? null : id('b', job),
          jobName: job === null ? null : `Day - PC-${job}`,
          parentId: parent === null ? null : id('c', parent),
          serverId: server === null ? null : id('d', server),
          serverName: server === null ? null : `vbr${server}`,
          state: minutes === null ? 'Working' : 'Stopped',
          result: minutes === null ? 'None' : result,
          isRetry: retry,
          createdAt: at(hour * 7),
          endedAt: minutes === null ? null : at(hour * 7 + minutes / 60),
          progress: null,
          failureMessage: null,
          extra: null,
        },
      }));
      await write((tx) => writeBatch(tx, batchOf({ [one.telling]: rows }), options));
      return;
    }
    case 'parent': {
      const parent = {
        fingerprint: null,
        computer: null,
        session: {
          id: id('c', one.number),
          name: 'run',
          kind: 'job' as const,
          jobType: 'AgentBackup',
          jobId: id('e', one.number),
          jobName: one.name,
          parentId: null,
          serverId: id('d', 1),
          serverName: 'vbr1',
          state: 'Stopped',
          result: 'Success',
          isRetry: false,
          createdAt: at(one.number),
          endedAt: at(one.number + 1),
          progress: null,
          failureMessage: null,
          extra: null,
        },
      };
      await write((tx) => writeBatch(tx, batchOf({ whole: [parent] }), options));
      return;
    }
    case 'name':
      await write((tx) => nameJobs(tx, 0n));
      return;
    case 'lose':
      await write((tx) => markLost(tx, [id('a', one.number)]));
      return;
    case 'task': {
      const sessionId = id('a', one.number);
      const known = await test.query('select 1 from sessions where session_id = $1', [sessionId]);
      if (known.length === 0) return;
      const task = {
        id: id('f', one.number),
        sessionId,
        name: 'task',
        machine: one.machine,
        state: 'Completed',
        result: 'Success',
        reason: null,
        totalBytes: BigInt(one.bytes),
        createdAt: at(1),
        endedAt: at(2),
        extra: null,
      };
      await write((tx) => writeTasks(tx, [{ sessionId, changeNumber: 0n, attempts: 0, tasks: [task] }]));
      return;
    }
    case 'label': {
      const place = { source: 'one', server: '', job: '', computer: one.computer };
      const { problems } = await changeLabels(
        database.prisma,
        [{ ...place, name: 'customer', value: one.value }],
        0,
      );
      expect(problems).toEqual([]);
      return;
    }
    case 'settle':
      await settleDays(database.prisma, source, Infinity);
  }
}

const cells = `day, source, server_id, policy_id, kind, customer`;
const figures = `total, success, warning, failed, running, lost, unknown, retries, duration_seconds_sum, processed_bytes_sum`;
const shown = `select ${cells}, ${figures} from report.daily_totals order by ${cells}`;
/** From the published views alone, which keep nothing. */
const workedOut = `select ${cells}, ${figures
  .split(', ')
  .map(
    (name) => `sum(${name})::${name === 'duration_seconds_sum' ? 'double precision' : 'bigint'} as ${name}`,
  )
  .join(', ')} from report.daily_outcomes group by ${cells} order by ${cells}`;

const comparable = (rows: readonly Record<string, unknown>[]) =>
  rows.map((row) =>
    JSON.stringify(row, (_, value: unknown) =>
      typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value,
    ),
  );

it('equal what the sessions say, after every commit, whatever was written in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
      for (const table of [
        'sessions',
        'jobs',
        'tasks',
        'servers',
        'computers',
        'labels',
        'daily_totals',
        'stale_days',
      ])
        await test.query(`delete from ${table}`);
      for (const one of steps) {
        await perform(one);
        expect(comparable(await test.query(shown))).toEqual(comparable(await test.query(workedOut)));
      }
      await settleDays(database.prisma, source, Infinity);
      expect(await test.query('select 1 from stale_days')).toEqual([]);
      expect(
        await test.query('select * from daily_totals except all select * from daily_totals_rule'),
      ).toEqual([]);
      expect(
        await test.query('select * from daily_totals_rule except all select * from daily_totals'),
      ).toEqual([]);
      expect(comparable(await test.query(shown))).toEqual(comparable(await test.query(workedOut)));
    }),
    { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 60) },
  );
});

it('come back from nothing', async () => {
  await perform({ do: 'parent', number: 1, name: 'Day' });
  const before = await test.query(shown);
  expect(before.length).toBeGreaterThan(0);
  await test.query('delete from daily_totals; delete from stale_days');
  expect(await test.query(shown)).toEqual([]);
  await rebuildDerived(test.url);
  expect(await test.query(shown)).toEqual(before);
});
