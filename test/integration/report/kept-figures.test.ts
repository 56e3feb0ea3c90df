import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

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

type Session = {
  readonly source: string;
  readonly id: string;
  readonly job: string | null;
  readonly kind: string;
  readonly computer: string | null;
  readonly retry: boolean;
  readonly outcome: string;
  readonly created: number;
  readonly ended: number | null;
};

/** The rule of the contract, told again in another language. */
function workOut(sessions: readonly Session[], now: number) {
  const jobs = new Map<string, Session[]>();
  for (const one of [...sessions].sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1))) {
    const key = one.job === null ? `alone ${one.source}/${one.id}` : `${one.source}/${one.job}`;
    jobs.set(key, [...(jobs.get(key) ?? []), one]);
  }
  const runs = [...jobs.values()].flatMap((ofJob) => {
    const found: Session[][] = [];
    for (const one of ofJob) {
      const last = found.at(-1);
      if (one.retry && last !== undefined) last.push(one);
      else found.push([one]);
    }
    return found;
  });
  const monthAgo = now - 30 * 86_400_000;
  const summaries = runs.map((attempts) => {
    const [first] = attempts;
    const last = attempts.at(-1);
    if (first === undefined || last === undefined) throw new Error('a run without an attempt');
    return { first, last, attempts, started: first.created };
  });
  const daily: Record<string, number[]> = {};
  for (const { last, attempts, started } of summaries) {
    const key = [new Date(started).toISOString().slice(0, 10), last.source].join(' ');
    const figures = (daily[key] ??= [0, 0, 0, 0, 0, 0, 0]);
    const add = (index: number, amount: number) => (figures[index] = (figures[index] ?? 0) + amount);
    add(0, 1);
    const column = ['total', 'success', 'warning', 'failed', 'running', 'lost'].indexOf(last.outcome);
    if (column > 0) add(column, 1);
    add(6, attempts.length - 1);
  }
  const computers: Record<string, unknown[]> = {};
  const names = new Set(
    sessions.flatMap(({ kind, computer, source }) =>
      kind === 'computer' && computer !== null ? [`${source} ${computer}`] : [],
    ),
  );
  for (const name of names) {
    const isOf = (one: Session) => one.kind === 'computer' && `${one.source} ${one.computer ?? ''}` === name;
    const own = summaries
      .filter(({ last }) => isOf(last))
      .sort((a, b) => b.last.created - a.last.created || (a.last.id > b.last.id ? -1 : 1));
    const [newest] = own;
    if (newest === undefined) continue;
    const isGood = ({ last }: { last: Session }) => ['success', 'warning'].includes(last.outcome);
    const good = own.findIndex(isGood);
    const recent = own.filter(({ started }) => started > monthAgo);
    const count = (outcome: string) => recent.filter(({ last }) => last.outcome === outcome).length;
    const starts = own.map(({ started }) => started).sort((a, b) => a - b);
    const gaps = starts
      .flatMap((start, index) => (index === 0 ? [] : [(start - (starts[index - 1] ?? 0)) / 1_000]))
      .filter((gap) => gap > 0)
      .sort((a, b) => a - b);
    const middle = (gaps.length - 1) / 2;
    const ends = own.filter(isGood).flatMap(({ last }) => last.ended ?? []);
    computers[name] = [
      newest.last.created,
      newest.last.outcome,
      ends.length === 0 ? null : Math.max(...ends),
      sessions.filter((one) => isOf(one) && one.created > monthAgo).length,
      count('success'),
      count('warning'),
      count('failed'),
      own.slice(0, good === -1 ? undefined : good).filter(({ last }) => last.outcome === 'failed').length,
      gaps.length === 0 ? null : ((gaps[Math.floor(middle)] ?? 0) + (gaps[Math.ceil(middle)] ?? 0)) / 2,
    ];
  }
  return { daily, computers };
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
  const of = <T>(rows: readonly { key: string; figures: T }[]) =>
    Object.fromEntries(rows.map(({ key, figures }) => [key, figures]));
  return { daily: of(daily), computers: of(computers) };
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
      expect(await shown()).toEqual(workOut(sessions, clock?.now ?? 0));
      // And the rule in SQL, which a rebuild goes back to, is the same.
      expect(
        await database.query(
          `select session_id, run_started_at, is_last_attempt from sessions
           except select session_id, run_started_at, is_last_attempt from session_attempts`,
        ),
      ).toEqual([]);
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
