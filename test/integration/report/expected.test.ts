import { afterAll, beforeAll, expect, it } from 'vitest';
import { runHere } from '../../support/run-here.ts';
import { keepFigures } from '../../support/keep-figures.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';
import pg from 'pg';

let database: TestDatabase;

/** Last evening at eight, at least an eighth of a day and an hour ago, whatever the time is. */
const lastRun = `(date_trunc('hour', now()) - interval '11 hours')`;

beforeAll(async () => {
  database = await createTestDatabase();
  const run = (computer: string, at: string, result = 'Success') => `
    insert into sessions (source_id, session_id, session_name, kind, job_id, computer, state, result, is_retry, created_at, ended_at)
    select 1, gen_random_uuid(), 'session', 'computer', md5('${computer}')::uuid, '${computer}', 'Stopped', '${result}', false, at, at + interval '20 minutes'
    from (select ${at} as at) as start;`;
  const nightly = (computer: string, nights: readonly number[], result = 'Success') =>
    nights.map((back) => run(computer, `${lastRun} - ${back} * interval '1 day'`, result)).join('');
  const range = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index);
  await database.query(
    [
      `insert into sources (name, url) values ('hq', 'x');`,
      nightly('good', range(0, 20)),
      // No success last night, and none of it two intervals old: what is_overdue does not see.
      nightly('missed', range(1, 20)),
      nightly('failed', range(1, 20)) + nightly('failed', [0], 'Failed'),
      // It rests two days each week, and does so now: the next one is expected tonight.
      nightly(
        'weekends',
        range(2, 30).filter((back) => (back - 2) % 7 < 5),
      ),
      nightly('weekly', [3, 10, 17, 24]),
      nightly('single', [0]),
    ].join(''),
  );
  await keepFigures(database);
});
afterAll(() => database.drop());

it('says the morning after who missed last night, and leaves those alone that always rest', async () => {
  expect(
    await database.query(
      `select computer, missed_last_expected as missed, is_overdue as overdue from report.computers order by computer`,
    ),
  ).toEqual([
    { computer: 'failed', missed: true, overdue: false },
    { computer: 'good', missed: false, overdue: false },
    { computer: 'missed', missed: true, overdue: false },
    { computer: 'single', missed: false, overdue: false },
    { computer: 'weekends', missed: false, overdue: true },
    { computer: 'weekly', missed: false, overdue: false },
  ]);
});

it('analyst create makes a login with settings fit for reports', async () => {
  const name = `analyst_${process.pid}`;
  const made = await runHere(['analyst', 'create', name], { DATABASE_URL: database.url });
  try {
    expect([made.code, made.stdout]).toEqual([0, expect.stringContaining('jdbc:postgresql://')]);
    const url = new URL(database.url);
    url.username = name;
    url.password = /shown this once: (\S+)/.exec(made.stdout)?.[1] ?? '';
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    const ask = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows[0];
    expect(await ask('select count(*)::integer as computers from computers')).toEqual({ computers: 6 });
    expect(
      await ask(
        `select current_setting('timezone') as zone, current_setting('jit') as jit, current_setting('statement_timeout') as most`,
      ),
    ).toEqual({ zone: 'UTC', jit: 'off', most: '5min' });
    await expect(ask('select * from public.api_keys')).rejects.toThrow(/permission denied/);
    // A superuser made it here.
    expect(await ask(`select current_setting('temp_file_limit') as disk`)).toEqual({ disk: '10GB' });
    for (const undo of [
      'set temp_file_limit = -1',
      `alter role ${name} set temp_file_limit = -1`,
      `alter role ${name} reset temp_file_limit`,
    ])
      await expect(ask(undo), undo).rejects.toThrow(/permission denied/);
    await client.end();
    expect((await runHere(['analyst', 'create', name], { DATABASE_URL: database.url })).stderr).toContain(
      'There is a role',
    );
  } finally {
    await database.query(`drop role if exists ${name}`);
  }
});
