import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';
import { workOutFigures, type Session } from '../../support/work-out-figures.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(`insert into sources (name, url) values ('one', 'x'), ('two', 'x')`);
});
afterAll(() => database.drop());

/** Few values, so that sessions meet: in time, in jobs, in retries, under names. */
const session = fc.record({
  id: fc.integer({ min: 1, max: 14 }),
  source: fc.constantFrom(1, 2),
  job: fc.constantFrom(null, 1, 2),
  hour: fc.integer({ min: 0, max: 60 }),
  minutes: fc.constantFrom(null, 5, 500),
  retry: fc.boolean(),
  result: fc.constantFrom('Success', 'Warning', 'Failed', 'None', 'Odd'),
  computer: fc.constantFrom(null, 'PC-1', 'PC-2'),
  kind: fc.constantFrom('computer', 'computer', 'job'),
});
type Step =
  | { readonly do: 'upsert'; readonly rows: readonly Record<string, unknown>[] }
  | { readonly do: 'rename'; readonly from: string; readonly to: string }
  | { readonly do: 'delete'; readonly id: number }
  | { readonly do: 'lose'; readonly id: number }
  | { readonly do: 'settle'; readonly source: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('upsert' as const),
      rows: fc.uniqueArray(session, {
        minLength: 1,
        maxLength: 6,
        selector: ({ id, source }) => `${id}/${source}`,
      }),
    }),
  },
  fc.record({
    do: fc.constant('rename' as const),
    from: fc.constantFrom('PC-1', 'PC-2'),
    to: fc.constantFrom('PC-1', 'PC-3'),
  }),
  fc.record({ do: fc.constant('delete' as const), id: fc.integer({ min: 1, max: 14 }) }),
  fc.record({ do: fc.constant('lose' as const), id: fc.integer({ min: 1, max: 14 }) }),
  fc.record({ do: fc.constant('settle' as const), source: fc.constantFrom(1, 2) }),
);

const upsert = `
  insert into sessions as known (source_id, session_id, session_name, kind, job_id, computer, is_retry, state, result, created_at, ended_at)
  select source, lpad(id::text, 32, '0')::uuid, 'session', kind, lpad(job::text, 32, '0')::uuid, computer, retry,
    case result when 'None' then 'Working' else 'Stopped' end, result, start, start + minutes * interval '1 minute'
  from jsonb_to_recordset($1) as row(id int, source int, job int, hour int, minutes int, retry boolean, result text, computer text, kind text)
  cross join lateral (select date_trunc('hour', now()) - interval '33 days' + hour * interval '13 hours' as start) as at
  on conflict (source_id, session_id) do update set
    kind = excluded.kind, job_id = excluded.job_id, computer = excluded.computer, is_retry = excluded.is_retry,
    state = excluded.state, result = excluded.result, created_at = excluded.created_at, ended_at = excluded.ended_at`;

async function perform(step: Step): Promise<void> {
  switch (step.do) {
    case 'upsert':
      await database.query(upsert, [JSON.stringify(step.rows)]);
      return;
    case 'rename':
      await database.query('update sessions set computer = $2 where computer = $1', [step.from, step.to]);
      return;
    case 'delete':
      await database.query(`delete from sessions where session_id = lpad($1::text, 32, '0')::uuid`, [
        step.id,
      ]);
      return;
    case 'lose':
      await database.query(
        `update sessions set lost_at = now() where session_id = lpad($1::text, 32, '0')::uuid`,
        [step.id],
      );
      return;
    case 'settle':
      await database.query('select settle_computers($1, 2)', [step.source]);
  }
}

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::double precision`;

async function shown() {
  const daily = await database.query<{ key: string; figures: number[] }>(
    `select day || ' ' || source as key,
       array[sum(total), sum(success), sum(warning), sum(failed), sum(running), sum(lost), sum(retries)]::int[] as figures
     from report.daily_outcomes group by day, source`,
  );
  const computers = await database.query<{ key: string; figures: unknown[] }>(
    `select source || ' ' || computer as key,
       jsonb_build_array(${ms('last_session_at')}, last_outcome, ${ms('last_success_at')}, sessions_30d, success_30d, warning_30d,
         failed_30d, consecutive_failures, usual_interval_seconds) as figures
     from report.computers`,
  );
  const runs = await database.query<{ key: string; figures: unknown[] }>(
    `select source || ' ' || session_id as key,
       jsonb_build_array(${ms('started_at')}, ${ms('ended_at')}, outcome, attempts, last_session_id) as figures
     from report.runs`,
  );
  const of = <T>(rows: readonly { key: string; figures: T }[]) =>
    Object.fromEntries(rows.map(({ key, figures }) => [key, figures]));
  return { daily: of(daily), computers: of(computers), runs: of(runs) };
}

it('equal what the sessions alone say, after whatever was written in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      await database.query('delete from sessions');
      for (const one of steps) await perform(one);
      const sessions = await database.query<Session>(
        `select source.name as source, session_id::text as id, job_id::text as job, kind, computer, is_retry as retry, outcome,
           ${ms('created_at')} as created, ${ms('ended_at')} as ended
         from sessions join sources as source on source.id = source_id`,
      );
      const [clock] = await database.query<{ now: number }>(`select ${ms('now()')} as now`);
      expect(await shown()).toEqual(workOutFigures(sessions, clock?.now ?? 0));
      // And the rule in SQL, which a rebuild goes back to, is the same.
      expect(
        await database.query(
          `select session_id, run_started_at, is_last_attempt from sessions
           except select session_id, run_started_at, is_last_attempt from session_attempts`,
        ),
      ).toEqual([]);
      const kept = `select to_jsonb(known) - 'is_stale' as kept from computers as known order by source_id, computer_key`;
      for (const source of [1, 2]) await database.query('select settle_computers($1, 1000)', [source]);
      const before = await database.query(kept);
      await database.query('select rebuild_figures()');
      expect(await database.query(kept)).toEqual(before);
    }),
    { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 150) },
  );
});

it('come back from nothing', async () => {
  await database.query('delete from sessions');
  const rows = Array.from({ length: 14 }, (_, index) => ({
    id: index + 1,
    source: 1,
    job: (index % 2) + 1,
    hour: index * 3,
    minutes: 5,
    retry: index % 3 === 2,
    result: ['Failed', 'Success'][index % 2],
    computer: `PC-${(index % 2) + 1}`,
    kind: 'computer',
  }));
  await database.query(upsert, [JSON.stringify(rows)]);
  const before = await shown();
  await database.query('alter table sessions disable trigger keep_runs_of_changed');
  await database.query(`update sessions set run_started_at = null, is_last_attempt = false`);
  await database.query('alter table sessions enable trigger keep_runs_of_changed');
  await database.query(`update computers set consecutive_failures = 99, is_stale = false`);
  expect(await shown()).not.toEqual(before);
  await database.query('select rebuild_figures()');
  expect(await shown()).toEqual(before);
});

it('come back while others write: nobody is refused for it', async () => {
  const [writer, rebuilder] = [1, 2].map(() => new pg.Client({ connectionString: database.url }));
  if (writer === undefined || rebuilder === undefined) throw new Error('no client');
  await Promise.all([writer.connect(), rebuilder.connect()]);
  // As every writer: its source first, then the sessions.
  await writer.query('begin');
  await writer.query('select from sources where id = 1 for no key update');
  const rebuilt = rebuilder.query('select rebuild_figures()');
  const isWaiting = `select from pg_locks where not granted and pid <> pg_backend_pid()
    and database = (select oid from pg_database where datname = current_database())`;
  while ((await database.query(isWaiting)).length === 0);
  const row = {
    id: 20,
    source: 1,
    job: 2,
    hour: 70,
    minutes: 5,
    retry: true,
    result: 'Failed',
    computer: 'PC-9',
    kind: 'computer',
  };
  await writer.query(upsert, [JSON.stringify([row])]);
  await writer.query('commit');
  await rebuilt;
  await Promise.all([writer.end(), rebuilder.end()]);
  expect(await database.query(`select from computers where computer = 'PC-9' and not is_stale`)).toHaveLength(
    1,
  );
});
