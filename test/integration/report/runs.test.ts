import { afterAll, beforeAll, expect, it } from 'vitest';
import { keepFigures } from '../../support/keep-figures.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

// The expected rows were worked out by hand from the rule in docs/bi/README.md, not by a program.

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(`
    insert into sources (name, url) values ('hq', 'https://em');
    insert into jobs (source_id, job_id, job_name, kind) values (1, md5('a')::uuid, 'a', 'computer'), (1, md5('b')::uuid, 'b', 'computer');
    insert into sessions (source_id, session_id, session_name, kind, job_id, job_name, computer, state, result, is_retry, created_at, ended_at, failure_message)
    select 1, lpad(id::text, 32, '0')::uuid, 'session', 'computer', md5(job)::uuid, job, computer,
      case when ended is null then 'Working' else 'Stopped' end, coalesce(result, 'None'), retry, created, ended, case result when 'Failed' then 'because ' || id end
    from (values
      -- Over midnight, and under the name of another computer at the end.
      (1, 'a', 'PC-OLD', 'Failed', false, timestamptz '2026-03-01 23:00Z', timestamptz '2026-03-01 23:10Z'),
      (2, 'a', 'PC-OLD', 'Failed', true, '2026-03-02 00:00Z', '2026-03-02 00:10Z'),
      (3, 'a', 'PC-NEW', 'Success', true, '2026-03-02 01:00Z', '2026-03-02 01:30Z'),
      (4, 'a', 'PC-NEW', 'Failed', false, '2026-03-02 23:00Z', '2026-03-02 23:05Z'),
      -- Its first attempt is not known; it still runs.
      (5, 'b', 'PC-B', null, true, '2026-03-03 00:00Z', null)
    ) as given(id, job, computer, result, retry, created, ended)`);
  await keepFigures(database);
});
afterAll(() => database.drop());

it('report.runs has a row for a first attempt with its retries', async () => {
  expect(
    await database.query(`
      select right(session_id::text, 1) as first, right(last_session_id::text, 1) as last, computer, day::text, started_at::text, ended_at::text,
        duration_seconds as seconds, outcome, attempts, failure_reason as reason
      from report.runs order by started_at`),
  ).toEqual([
    {
      first: '1',
      last: '3',
      computer: 'PC-OLD',
      day: '2026-03-01',
      started_at: '2026-03-01 23:00:00+00',
      ended_at: '2026-03-02 01:30:00+00',
      seconds: 9_000,
      outcome: 'success',
      attempts: 3,
      reason: null,
    },
    {
      first: '4',
      last: '4',
      computer: 'PC-NEW',
      day: '2026-03-02',
      started_at: '2026-03-02 23:00:00+00',
      ended_at: '2026-03-02 23:05:00+00',
      seconds: 300,
      outcome: 'failed',
      attempts: 1,
      reason: 'because 4',
    },
    {
      first: '5',
      last: '5',
      computer: 'PC-B',
      day: '2026-03-03',
      started_at: '2026-03-03 00:00:00+00',
      ended_at: null,
      seconds: null,
      outcome: 'running',
      attempts: 1,
      reason: null,
    },
  ]);
});

it('report.computers knows a computer of which there are only attempts that were followed by others', async () => {
  expect(
    await database.query(
      `select computer, last_session_at::text, last_outcome, last_success_at::text, is_overdue from report.computers order by computer`,
    ),
  ).toEqual([
    {
      computer: 'PC-B',
      last_session_at: '2026-03-03 00:00:00+00',
      last_outcome: 'running',
      last_success_at: null,
      is_overdue: true,
    },
    {
      computer: 'PC-NEW',
      last_session_at: '2026-03-02 23:00:00+00',
      last_outcome: 'failed',
      last_success_at: '2026-03-02 01:30:00+00',
      is_overdue: true,
    },
    {
      computer: 'PC-OLD',
      last_session_at: '2026-03-02 00:00:00+00',
      last_outcome: null,
      last_success_at: null,
      is_overdue: true,
    },
  ]);
});

it('the last success of a job or a computer is the end that came last, also where runs overlap', async () => {
  await database.query(`
    insert into sessions (source_id, session_id, session_name, kind, job_id, computer, state, result, is_retry, created_at, ended_at)
    select 1, gen_random_uuid(), 'session', 'computer', md5('b')::uuid, 'PC-B', 'Stopped', 'Success', false, created, ended
    from (values
      (timestamptz '2026-03-04 20:00Z', timestamptz '2026-03-05 09:00Z'), ('2026-03-05 06:00Z', '2026-03-05 06:10Z')
    ) as given(created, ended)`);
  await keepFigures(database);
  const ends = (rows: string) =>
    database.query<{ end: string }>(`select last_success_at::text as end from ${rows}`);
  expect([
    ...(await ends(`report.jobs where job_name = 'b'`)),
    ...(await ends(`report.computers where computer = 'PC-B'`)),
  ]).toEqual([{ end: '2026-03-05 09:00:00+00' }, { end: '2026-03-05 09:00:00+00' }]);
});
