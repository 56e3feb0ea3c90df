import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rebuildDerived } from '../../../src/db/rebuild-derived.ts';
import { startApi, walk, type RunningApi } from '../../support/start-api.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

// What is expected was worked out by hand.

let database: TestDatabase;
let api: RunningApi;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(`
    insert into sources (name, url, last_listed_at) values ('hq', 'https://em1', now()), ('branch', 'https://em2', now());
    -- source, computer, days ago at noon, minutes, result, retry, bytes
    create temporary table told (source integer, computer text, days integer, minutes integer, result text, retry boolean, bytes bigint);
    insert into told values
      (1, 'PC-A', 89, 10, 'Success', false, 1), (1, 'PC-A', 90, 10, 'Failed', false, 1),
      (1, 'PC-A', 20, 10, 'Success', false, 1), (1, 'PC-A', 10, 20, 'Warning', false, 1), (1, 'PC-A', 2, 30, 'Success', false, 1),
      (1, 'PC-A', 1, null, 'None', false, 1),
      (1, 'PC-B', 20, 60, 'Success', false, 1), (1, 'PC-B', 3, 30, 'Success', false, 1),
      (1, 'PC-B', 2, 5, 'Failed', false, 1), (1, 'PC-B', 2, 5, 'Success', true, 1),
      (1, 'PC-B', 1, 5, 'Failed', false, 1), (1, 'PC-B', 1, 5, 'Failed', true, 1),
      (2, 'PC-A', 1, 5, 'Success', false, 4000000000000000000), (2, 'PC-A', 2, 5, 'Success', false, 4000000000000000000),
      (2, 'PC-C', 1, 5, 'Success', false, 4000000000000000000);
    insert into sessions (source_id, session_id, session_name, kind, job_id, job_name, computer, state, result, is_retry, created_at, ended_at,
      processed_bytes)
    select source, gen_random_uuid(), 'session', 'computer', md5(source || computer)::uuid, 'Job - ' || computer, computer,
      case when minutes is null then 'Working' else 'Stopped' end, result, retry, start, start + minutes * interval '1 minute', bytes
    from told
    cross join lateral (
      select (date_trunc('day', now() at time zone 'UTC') - days * interval '1 day' + interval '12 hours') at time zone 'UTC'
        + case when retry then interval '1 hour' else interval '0' end as start
    ) as noon;
  `);
  await rebuildDerived(database.url);
  api = await startApi({ DATABASE_URL: database.url });
});
afterAll(async () => {
  await api.service.stop();
  await database.drop();
});

const rows = async (address: string) => {
  const answer = await api.ask(`/api/v1${address}`);
  return ((await answer.json()) as { data: Record<string, unknown>[] }).data;
};
/** What moves with the clock is left out. */
const settled = (all: readonly Readonly<Record<string, unknown>>[]) =>
  all.map((row) => ({ ...row, hoursSinceSuccess: null }));
const texts = (all: readonly Readonly<Record<string, unknown>>[]) =>
  settled(all)
    .map((row) => JSON.stringify(row))
    .sort();

it("shows the worst of each of a computer's last 90 days", async () => {
  const shown = await rows('/reports/computer-calendar');
  const days = (told: Readonly<Record<number, string>>) =>
    Array.from({ length: 90 }, (_, index) => told[89 - index] ?? '-').join('');
  expect(shown.map(({ source, computer, outcomes90d }) => [source, computer, outcomes90d])).toEqual([
    ['branch', 'PC-A', days({ 1: 's', 2: 's' })],
    ['branch', 'PC-C', days({ 1: 's' })],
    ['hq', 'PC-A', days({ 89: 's', 20: 's', 10: 'w', 2: 's', 1: 'r' })],
    ['hq', 'PC-B', days({ 20: 's', 3: 's', 2: 's', 1: 'f' })],
  ]);
  const [today] = await database.query<{ day: string }>(
    `select (now() at time zone 'UTC')::date::text as day`,
  );
  expect(shown[0]?.['lastDay']).toBe(today?.day);
});

it('adds up the runs of a day, of all sources or those asked for', async () => {
  const [first] = await database.query<{ day: string }>(
    `select ((now() at time zone 'UTC')::date - 1)::text as day`,
  );
  const day = first?.day ?? '';
  expect(await rows(`/reports/outcomes-by-day?dayFrom=${day}`)).toEqual([
    {
      ...{
        day,
        kind: 'computer',
        total: 4,
        success: 2,
        warning: 0,
        failed: 1,
        running: 1,
        lost: 0,
        unknown: 0,
        retries: 1,
      },
      durationSecondsSum: 20 * 60,
      processedBytesSum: 8e18,
    },
  ]);
  expect(await rows(`/reports/outcomes-by-day?dayFrom=${day}&source=hq`)).toMatchObject([
    { total: 2, success: 0, failed: 1, running: 1, retries: 1, processedBytesSum: 3 },
  ]);
  expect(await rows('/reports/outcomes-by-day?kind=job')).toEqual([]);
});

it('says whose backups take longer than before', async () => {
  const keys = await database.query<{ computer_key: string; source_key: string }>(
    `select computer_key, source_key from report.computers where source = 'hq' order by computer`,
  );
  const unlabelled = { customer: null, site: null };
  const [keysOfA, keysOfB] = keys.map((row) => ({
    computerKey: row.computer_key,
    sourceKey: row.source_key,
  }));
  expect(await rows('/reports/duration-growth')).toEqual([
    {
      ...{ ...keysOfA, ...unlabelled },
      source: 'hq',
      computer: 'PC-A',
      recentSessions: 1,
      recentAvgSeconds: 1_800,
      earlierAvgSeconds: 900,
      growth: 1,
    },
    // A retry that made a failure good counts as what it is: a session of five minutes.
    {
      ...{ ...keysOfB, ...unlabelled },
      source: 'hq',
      computer: 'PC-B',
      recentSessions: 2,
      recentAvgSeconds: 1_050,
      earlierAvgSeconds: 3_600,
      growth: 1_050 / 3_600 - 1,
    },
  ]);
});

describe('orders', () => {
  it.each([
    [
      '/computers',
      [
        'source',
        'computer',
        'lastSessionAt',
        'lastSuccessAt',
        'sessions30d',
        'failed30d',
        'successRate30d',
        'avgDurationSeconds30d',
        'consecutiveFailures',
      ],
    ],
    ['/jobs', ['source', 'jobName', 'lastSessionAt', 'lastSuccessAt', 'sessions30d', 'successRate30d']],
    ['/sessions', ['createdAt', 'durationSeconds', 'processedBytes']],
    ['/reports/computer-calendar', ['consecutiveFailures', 'lastSuccessAt']],
    ['/reports/overdue', ['lastSuccessAt']],
  ])('walks %s in every order, each row once', async (path, fields) => {
    const all = await rows(`${path}?limit=1000`);
    for (const field of fields) {
      const up = await walk(api, `/api/v1${path}?sort=${field}`, 2);
      const down = await walk(api, `/api/v1${path}?sort=-${field}`, 3);
      expect([field, settled(up)]).toEqual([field, settled(down).reverse()]);
      expect(texts(up)).toEqual(texts(all));
      const values = up.map((row) => row[field] as string | number | null);
      // What is not known comes where the least is.
      const known = values.filter((value) => value !== null);
      expect(values).toEqual([...values.filter((value) => value === null), ...known]);
      if (typeof known[0] === 'number')
        expect(known).toEqual([...known].sort((a, b) => Number(a) - Number(b)));
      if (field.endsWith('At')) expect(known).toEqual([...known].sort());
    }
  });

  it('are refused where they are not known', async () => {
    const answer = await api.ask('/api/v1/computers?sort=-password');
    expect([answer.status, await answer.json()]).toMatchObject([400, { errors: [{ parameter: 'sort' }] }]);
  });
});
