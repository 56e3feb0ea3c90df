import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keepFigures } from '../../support/keep-figures.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

// The expected rows were worked out by hand from the rule in docs/bi/README.md, not by a program.

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(`
    insert into sources (name, url, last_listed_at) values ('hq', 'https://em', '2026-11-01');
    insert into servers (source_id, server_id, server_name, version) values (1, md5('vbr')::uuid, 'vbr', '13');
    insert into jobs (source_id, job_id, job_name, kind, server_name) values
      (1, md5('night')::uuid, 'Night', 'job', 'vbr'), (1, md5('a')::uuid, 'Night - PC-A', 'computer', 'vbr');
  `);
});
afterAll(() => database.drop());
beforeEach(() =>
  database.query(
    'delete from sessions; delete from computers; delete from discovered_computers; delete from sync_runs',
  ),
);

type Given = {
  readonly job?: string;
  readonly computer?: string | null;
  readonly kind?: string;
  /** SQL of the start. */
  readonly at: string;
  readonly minutes?: number | null;
  readonly result?: string;
  readonly retry?: boolean;
  readonly bytes?: number | null;
  readonly lost?: boolean;
  readonly id?: string;
};

async function store(...sessions: readonly Given[]): Promise<void> {
  for (const {
    job = 'a',
    computer = 'PC-A',
    kind = 'computer',
    at,
    minutes = 10,
    result = 'Success',
    retry = false,
    bytes = null,
    lost = false,
    id,
  } of sessions) {
    await database.query(
      `insert into sessions (source_id, session_id, session_name, kind, job_id, job_name, computer, server_id, server_name, state, result, is_retry,
         created_at, ended_at, lost_at, processed_bytes, first_seen_at, failure_message)
       select 1, coalesce($1::uuid, gen_random_uuid()), 'session', $2, md5($3)::uuid, 'job ' || $3, $4, md5('vbr')::uuid, 'vbr',
         case when $5::float8 is null then 'Working' else 'Stopped' end, $6, $7, at, at + $5::float8 * interval '1 minute',
         case when $8 then now() end, $9::bigint, at + interval '1 hour', case when $6 = 'Failed' then 'because' end
       from (select ${at} as at) as start`,
      [id ?? null, kind, job, computer, minutes, minutes === null ? 'None' : result, retry, lost, bytes],
    );
  }
  await keepFigures(database);
}

describe('report.daily_outcomes', () => {
  const shown = () =>
    database.query(`select day::text, kind, total, success, warning, failed, running, lost, unknown, retries, duration_seconds_sum as seconds,
      processed_bytes_sum::integer as bytes from report.daily_outcomes order by day, kind`);

  it('counts a run once, on the day of its first attempt, with the outcome of its last', async () => {
    await store(
      // Failed before midnight, made good after it.
      { at: `timestamptz '2026-03-01 23:30Z'`, result: 'Failed', minutes: 5, bytes: 1 },
      { at: `timestamptz '2026-03-02 00:30Z'`, retry: true, minutes: 20, bytes: 10 },
      // The next day's own run, failed twice.
      { at: `timestamptz '2026-03-02 22:00Z'`, result: 'Failed', bytes: 100 },
      { at: `timestamptz '2026-03-02 23:00Z'`, result: 'Failed', retry: true, minutes: null },
      { at: `timestamptz '2026-03-02 23:20Z'`, result: 'Failed', retry: true },
      // The whole job of that night is counted apart.
      {
        at: `timestamptz '2026-03-02 22:00Z'`,
        kind: 'job',
        job: 'night',
        computer: null,
        result: 'Warning',
        minutes: 90,
      },
    );
    expect(await shown()).toEqual([
      {
        day: '2026-03-01',
        kind: 'computer',
        total: 1,
        success: 1,
        warning: 0,
        failed: 0,
        running: 0,
        lost: 0,
        unknown: 0,
        retries: 1,
        seconds: 1_500,
        bytes: 11,
      },
      {
        day: '2026-03-02',
        kind: 'computer',
        total: 1,
        success: 0,
        warning: 0,
        failed: 1,
        running: 0,
        lost: 0,
        unknown: 0,
        retries: 2,
        seconds: 1_200,
        bytes: 100,
      },
      {
        day: '2026-03-02',
        kind: 'job',
        total: 1,
        success: 0,
        warning: 1,
        failed: 0,
        running: 0,
        lost: 0,
        unknown: 0,
        retries: 0,
        seconds: 5_400,
        bytes: 0,
      },
    ]);
  });

  it('does not take what runs, or was lost, for a failure; days are those of UTC', async () => {
    await store(
      { at: `timestamptz '2026-03-03 23:59:59.999999Z'`, minutes: null },
      { at: `timestamptz '2026-03-04 00:00Z'`, minutes: null, lost: true },
      { at: `timestamptz '2026-03-04 01:00+02'`, result: 'Sideways' },
    );
    expect(await shown()).toEqual([
      {
        day: '2026-03-03',
        kind: 'computer',
        total: 2,
        success: 0,
        warning: 0,
        failed: 0,
        running: 1,
        lost: 0,
        unknown: 1,
        retries: 0,
        seconds: 600,
        bytes: 0,
      },
      {
        day: '2026-03-04',
        kind: 'computer',
        total: 1,
        success: 0,
        warning: 0,
        failed: 0,
        running: 0,
        lost: 1,
        unknown: 0,
        retries: 0,
        seconds: 0,
        bytes: 0,
      },
    ]);
  });

  it('takes a retry whose first attempt nobody knows for a run', async () => {
    await store(
      { at: `timestamptz '2026-03-05 01:00Z'`, retry: true, result: 'Failed' },
      { at: `timestamptz '2026-03-05 02:00Z'`, retry: true },
    );
    expect(await shown()).toMatchObject([{ day: '2026-03-05', total: 1, success: 1, failed: 0, retries: 1 }]);
    // The first attempt arrives late.
    await store({ at: `timestamptz '2026-03-04 23:00Z'`, result: 'Failed' });
    expect(await shown()).toMatchObject([{ day: '2026-03-04', total: 1, success: 1, failed: 0, retries: 2 }]);
  });
});

describe('report.computers', () => {
  const ago = (days: number, minutes = 0) =>
    `date_trunc('minute', now()) - interval '${days} days' + interval '${minutes} minutes'`;
  const shown = () =>
    database.query(
      `select computer, last_outcome, round(hours_since_success::numeric)::integer as hours, sessions_30d as sessions, success_30d as success,
         warning_30d as warning, failed_30d as failed, success_rate_30d as rate, avg_duration_seconds_30d as seconds,
         consecutive_failures as streak, usual_interval_seconds as usual, is_overdue as overdue
       from report.computers order by computer`,
    );

  it('counts runs of 30 x 24 hours; a warning is a success, what runs is neither', async () => {
    await store(
      { at: ago(31), result: 'Failed' },
      { at: ago(5), result: 'Success' },
      { at: ago(4), result: 'Failed', minutes: 2 },
      { at: ago(4, 60), retry: true, minutes: 18 },
      { at: ago(3), result: 'Failed' },
      { at: ago(2), result: 'Warning' },
      { at: ago(1), minutes: null },
    );
    expect(await shown()).toEqual([
      // Five runs, one of them made good: success, success, failed, warning, running. Six sessions; five have ended: 10, 2, 18, 10, 10 minutes.
      {
        computer: 'PC-A',
        last_outcome: 'running',
        hours: 48,
        sessions: 6,
        success: 2,
        warning: 1,
        failed: 1,
        rate: 0.75,
        seconds: 600,
        streak: 0,
        usual: 86_400,
        overdue: false,
      },
    ]);
  });

  it('counts failures in a row over what was lost or runs, and calls overdue what had no success for twice the usual time', async () => {
    await store(
      { at: ago(6) },
      { at: ago(5), result: 'Failed' },
      { at: ago(4), minutes: null, lost: true },
      { at: ago(3), result: 'Failed' },
      { at: ago(2), result: 'Failed' },
      { at: ago(2, 60), result: 'Failed', retry: true },
      { at: ago(1), minutes: null },
    );
    expect(await shown()).toMatchObject([
      { last_outcome: 'running', streak: 3, success: 1, failed: 3, rate: 0.25, usual: 86_400, overdue: true },
    ]);
  });

  it('keeps computers that have no session any more, and shows those that never had one', async () => {
    await store({ at: ago(400), computer: 'GONE' }, { at: ago(399), computer: 'GONE' });
    await database.query(
      `insert into discovered_computers (source_id, computer_id, computer) values (1, gen_random_uuid(), 'NEVER'), (1, gen_random_uuid(), 'gone')`,
    );
    const none = {
      sessions: 0,
      success: 0,
      warning: 0,
      failed: 0,
      rate: null,
      seconds: null,
      streak: 0,
      overdue: true,
    };
    expect(await shown()).toEqual([
      { computer: 'GONE', last_outcome: 'success', hours: 399 * 24, usual: 86_400, ...none },
      { computer: 'NEVER', last_outcome: null, hours: null, usual: null, ...none },
    ]);
  });

  it('learns a weekly rhythm, and waits two days for a computer with one run', async () => {
    await store(
      ...[29, 22, 15, 8].map((days) => ({ at: ago(days), computer: 'WEEKLY', job: 'w' })),
      { at: ago(1), computer: 'NEW', job: 'n', result: 'Failed' },
      { at: ago(3), computer: 'NEW-AND-LATE', job: 'l', result: 'Failed' },
    );
    expect(await shown()).toMatchObject([
      { computer: 'NEW', usual: null, overdue: false, streak: 1 },
      { computer: 'NEW-AND-LATE', usual: null, overdue: true, streak: 1 },
      { computer: 'WEEKLY', usual: 7 * 86_400, overdue: false },
    ]);
  });
});

it('report.jobs counts runs, too', async () => {
  await store(
    { at: `now() - interval '3 days'`, result: 'Failed' },
    { at: `now() - interval '2 days'`, result: 'Failed' },
    { at: `now() - interval '47 hours'`, retry: true },
    { at: `now() - interval '1 hour'`, minutes: null },
  );
  expect(
    await database.query(
      `select job_name, last_outcome, round(extract(epoch from now() - last_success_at) / 60)::integer as minutes, sessions_30d::integer as sessions, success_rate_30d as rate
       from report.jobs order by job_name`,
    ),
  ).toEqual([
    { job_name: 'Night', last_outcome: null, minutes: null, sessions: 0, rate: null },
    { job_name: 'Night - PC-A', last_outcome: 'running', minutes: 47 * 60 - 10, sessions: 4, rate: 0.5 },
  ]);
});

it('report.sessions, session_links and servers show what is stored', async () => {
  const [parent, child, orphan] = ['1', '2', '3'].map(
    (digit) => digit.repeat(8) + '-0000-4000-8000-000000000000',
  );
  await store(
    {
      id: parent ?? '',
      at: `timestamptz '2026-03-01 22:00Z'`,
      kind: 'job',
      job: 'night',
      computer: null,
      minutes: 60,
    },
    {
      id: child ?? '',
      at: `timestamptz '2026-03-01 22:00:00.000001Z'`,
      minutes: 1.5,
      result: 'Failed',
      bytes: 7,
    },
    { id: orphan ?? '', at: `timestamptz '2026-03-02 22:00Z'` },
  );
  await database.query(
    `update sessions set parent_session_id = case session_id when $1 then $2::uuid else gen_random_uuid() end where session_id in ($1, $3)`,
    [child, parent, orphan],
  );
  expect(
    await database.query(
      `select session_id, kind, outcome, is_final, parent_session_id as parent, duration_seconds as seconds, arrival_lag_seconds as lag, failure_reason as reason
       from report.sessions where session_id <> $1 order by created_at`,
      [orphan],
    ),
  ).toEqual([
    {
      session_id: parent,
      kind: 'job',
      outcome: 'success',
      is_final: true,
      parent: null,
      seconds: 3_600,
      lag: 3_600,
      reason: null,
    },
    {
      session_id: child,
      kind: 'computer',
      outcome: 'failed',
      is_final: true,
      parent,
      seconds: 90,
      lag: 3_600,
      reason: 'because',
    },
  ]);
  expect(
    await database.query(
      'select child_session_id as child, parent_known as known from report.session_links order by 1',
    ),
  ).toEqual([
    { child, known: true },
    { child: orphan, known: false },
  ]);
  expect(
    await database.query(
      `select server_name, version, newest_session_at::text as newest from report.servers`,
    ),
  ).toEqual([{ server_name: 'vbr', version: '13', newest: expect.stringContaining('2026-03-02') as string }]);
});

it('report.source_health tells how long until something is lost', async () => {
  await database.query(`
    insert into sync_runs (run_id, source_id, trigger, status, started_at, finished_at, missing) values
      (gen_random_uuid(), 1, 'schedule', 'succeeded', now() - interval '10 days', now() - interval '10 days' + interval '1 minute', 0),
      (gen_random_uuid(), 1, 'schedule', 'failed', now() - interval '1 day', now() - interval '1 day', 2),
      (gen_random_uuid(), 1, 'backfill', 'succeeded', now(), now(), 0)`);
  await store({ at: `now() - interval '1 hour'`, minutes: null });
  expect(
    await database.query(
      `select last_status, round(days_until_loss::numeric)::integer as days, unfinished, missing, round(extract(epoch from now() - newest_session_at) / 60)::integer as newest
       from report.source_health`,
    ),
  ).toEqual([{ last_status: 'failed', days: 20, unfinished: 1, missing: 2, newest: 60 }]);
});

it('report.dim_date knows its calendar', async () => {
  expect(
    await database.query(
      `select day::text, year, quarter, month, iso_year, iso_week, day_of_week, is_weekend, month_start::text, week_start::text
       from report.dim_date where day in ('2027-01-03', '2028-02-29') order by day`,
    ),
  ).toEqual([
    {
      day: '2027-01-03',
      year: 2027,
      quarter: 1,
      month: 1,
      iso_year: 2026,
      iso_week: 53,
      day_of_week: 7,
      is_weekend: true,
      month_start: '2027-01-01',
      week_start: '2026-12-28',
    },
    {
      day: '2028-02-29',
      year: 2028,
      quarter: 1,
      month: 2,
      iso_year: 2028,
      iso_week: 9,
      day_of_week: 2,
      is_weekend: false,
      month_start: '2028-02-01',
      week_start: '2028-02-28',
    },
  ]);
});
