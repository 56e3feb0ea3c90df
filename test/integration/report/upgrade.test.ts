import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import pg from 'pg';
import { migrateDatabase } from '../../../src/db/migrate/migrate-database.ts';
import { createDatabase01 } from '../../support/database-0.1.ts';
import { readCatalog } from '../../support/read-catalog.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let fresh: TestDatabase;
const open: TestDatabase[] = [];

beforeAll(async () => {
  fresh = await createTestDatabase();
});
afterAll(() => fresh.drop());
afterEach(async () => {
  for (const one of open.splice(0)) await one.drop();
});

async function database01(): Promise<TestDatabase> {
  const made = await createDatabase01();
  open.push(made);
  await made.query(rows);
  return made;
}

/**
 * A month of a job with three computers in the columns of 0.1: failures, retries, one that runs, one lost; listed sessions and
 * others; lists with an outage, a backfill before them and one still wanted; holes of every kind.
 */
const rows = `
  insert into sources (name, url, fence, last_listed_at, tasks_mode, interval_seconds) values ('hq', 'https://em', 7, now(), 'all', 900), ('new', 'https://em2', 0, null, 'none', null);
  insert into servers (source_id, server_id, server_name, version) values (1, md5('server')::uuid, 'vbr', '12.3');
  insert into jobs (source_id, job_id, job_name, kind) values (1, md5('job')::uuid, 'Night', 'job');
  insert into jobs (source_id, job_id, job_name, kind, computer, computer_is_exact)
    select 1, md5('child' || pc)::uuid, 'Night - PC-' || pc, 'computer', case pc when 1 then 'PC-OLD' else 'PC-' || pc end, pc < 3 from generate_series(1, 3) as pc;
  insert into sessions (source_id, session_id, session_name, kind, job_type, job_id, job_name, is_retry, state, result, created_at, ended_at)
  select 1, md5('night' || day)::uuid, 'Night@' || day, 'job', 'AgentBackup', md5('job')::uuid, 'Night', false, 'Stopped', 'Success', start, start + interval '2 hours'
  from generate_series(1, 40) as day, lateral (select date_trunc('hour', now()) - interval '41 days' + day * interval '1 day') as at (start);
  insert into sessions (source_id, session_id, session_name, kind, job_type, job_id, job_name, computer, computer_is_exact, is_retry, state, result, created_at, ended_at,
    lost_at, server_id, server_name, parent_session_id, last_seen_at, task_count, processed_bytes, extra, progress, failure_message, first_seen_at, last_changed_at)
  select 1, md5(concat(day, pc, attempt))::uuid, 'session ' || pc, 'computer', 'AgentManagement', md5('child' || pc)::uuid, 'Night - PC-' || pc, 'PC-' || pc, pc < 3,
    attempt = 1,
    case when day = 40 and pc = 3 then 'Working' else 'Stopped' end,
    case when day = 40 and pc = 3 then 'None' when (day + pc) % 5 = 0 and (attempt = 0 or day % 2 = 0) then 'Failed' else 'Success' end,
    start, case when day = 40 and pc = 3 then null else start + interval '10 minutes' end,
    case when day = 40 and pc = 3 then now() end, md5('server')::uuid, 'vbr',
    case when attempt = 0 then md5(case pc when 3 then 'unknown' else 'night' end || day)::uuid end,
    case when day < 10 then start + interval '30 days' end, 1, day * 1000, jsonb_build_object('Day', day), 100, 'because', start, start + interval '1 hour'
  from generate_series(1, 40) as day, generate_series(1, 3) as pc, generate_series(0, 1) as attempt,
    lateral (select date_trunc('hour', now()) - interval '41 days' + day * interval '1 day' + attempt * interval '1 hour' as start) as at
  where attempt = 0 or (day + pc) % 5 = 0;
  insert into tasks (source_id, task_id, session_id, task_name, machine, total_bytes, created_at, extra)
    select source_id, md5(session_id::text)::uuid, session_id, 'task', computer, 5, created_at, '{"Odd": true}' from sessions where kind = 'computer';
  insert into discovered_computers (source_id, computer_id, computer) values (1, md5('never')::uuid, 'NEVER');
  insert into sync_runs (run_id, source_id, trigger, status, started_at, finished_at, listed, unchanged, missing, unreadable)
  select md5(id)::uuid, 1, trigger, status, at, at + interval '1 minute', 9, 9, missing, 0
  from (values
    ('1', 'schedule', 'succeeded', timestamptz '2026-01-01 00:00Z', 0), ('2', 'schedule', 'succeeded', '2026-01-20 00:00Z', 0),
    ('3', 'schedule', 'failed', '2026-02-10 00:00Z', 0), ('4', 'schedule', 'failed', '2026-02-11 00:00Z', 3),
    ('5', 'api', 'succeeded', '2026-05-01 00:00Z', 0), ('6', 'backfill', 'succeeded', '2026-01-02 00:00Z', 0)
  ) as run(id, trigger, status, at, missing);
  insert into backfills (source_id, read_down_to, wanted_since) values (1, '2025-06-01Z', '2025-01-01Z'), (2, null, null);
  insert into unreadable_records (source_id, fingerprint, session_id, reason, record, first_seen_at, last_seen_at) values
    (1, md5('a')::uuid, md5('bad')::uuid, 'older', '<old/>', '2026-04-01Z', '2026-04-02Z'),
    (1, md5('b')::uuid, md5('bad')::uuid, 'newer', '<new/>', '2026-04-02Z', '2026-04-03Z'),
    (1, md5('c')::uuid, null, 'no id', '<odd/>', '2026-04-01Z', '2026-04-02Z');
  insert into task_backlog (source_id, session_id, created_at, attempts, due_at)
    select source_id, session_id, created_at, case computer when 'PC-1' then 2 else 0 end, '2026-05-01Z' from sessions where kind = 'computer' and created_at > now() - interval '3 days';
  insert into listed_records (source_id, fingerprint, session_id) select 1, md5('f' || session_id)::uuid, session_id from sessions where last_seen_at is null;
  insert into api_keys (name, scope, key_hash) values ('key', 'read', 'hash');
`;

/** Views of 0.1 with all their rows; times of asking differ, and what 0.1 did not know of failed runs is null now. */
async function readViews(database: TestDatabase): Promise<unknown> {
  const views: Record<string, unknown> = {};
  const names = await fresh.query<{ view: string }>(
    `select table_name as view from information_schema.views where table_schema = 'report' and table_name = any($1) order by 1`,
    [
      [
        'sessions',
        'session_links',
        'tasks',
        'runs',
        'daily_outcomes',
        'servers',
        'jobs',
        'computers',
        'sync_runs',
        'source_health',
      ],
    ],
  );
  for (const { view } of names) {
    const added = [
      ...[
        'change_number',
        'day',
        'policy_id',
        'policy_name',
        'customer',
        'site',
        'source_key',
        'server_key',
        'job_key',
        'computer_key',
      ],
      ...[
        'unknown',
        'unreadable',
        'unfetched',
        'holes',
        'covered_from',
        'covered_to',
        'uncovered_seconds',
        'expected_by',
        'missed_last_expected',
      ],
      ...['is_muted', 'max_age_hours'],
      ...(view === 'sessions' ? [] : ['last_changed_at']),
      ...(['computers', 'jobs', 'daily_outcomes'].includes(view) ? ['server_id'] : []),
      ...(view === 'computers' ? ['server_name'] : []),
      ...(view === 'daily_outcomes' ? ['computer'] : []),
    ].filter((column) => !(column === 'day' && view !== 'sessions'));
    const hidden = `array['hours_since_success', 'days_until_loss', 'is_overdue', 'unchanged', 'missing']`;
    views[view] = await database.query(
      `select to_jsonb(row) - ${hidden} - $1::text[] as row from report.${view} as row order by 1`,
      [added],
    );
  }
  return views;
}

it('keeps every row, and every figure', async () => {
  const database = await database01();
  const before = await readViews(database);
  const installation = await database.query('select id from installation');
  const counts = `select (select count(*) from sessions) as sessions, (select count(*) from tasks) as tasks, (select count(*) from session_names) as names,
    (select count(*) from computers) as computers, (select count(*) from discovered_computers) as discovered, (select count(*) from api_keys) as keys,
    (select count(*) from task_backlog) as backlog, (select jsonb_agg(extra order by session_id) from sessions) as extras`;
  const counted = await database.query(counts);
  expect((await migrateDatabase(database.url)).applied).toEqual(['1_tables', '2_functions', '3_report']);
  expect(await migrateDatabase(database.url)).toEqual({ applied: [] });
  expect(await readViews(database)).toEqual(before);
  expect(await database.query('select id from installation')).toEqual(installation);
  expect(await database.query(counts)).toEqual(counted);
  expect(
    await database.query(
      `select session_id, run_started_at, is_last_attempt from sessions except select session_id, run_started_at, is_last_attempt from session_attempts`,
    ),
  ).toEqual([]);
  // Sources go on counting where they were.
  expect(
    await database.query(
      `insert into sources (name, url) values ('third', 'x') returning id, version::integer`,
    ),
  ).toEqual([{ id: 3, version: 0 }]);
});

it('has the catalog of a new database, to the last comment', async () => {
  const database = await database01();
  await migrateDatabase(database.url);
  expect(await readCatalog(database)).toEqual(await readCatalog(fresh));
});

it('fills what is new', async () => {
  const { url, query } = await database01();
  await migrateDatabase(url);
  expect(
    await query(`select count(*) filter (where (fingerprint is null) = (last_seen_at is null))::integer as wrong,
      count(fingerprint)::integer > 100 as listed, count(distinct change_number) > 40 as is_spread, max(change_number) = (select version from sources where id = 1) as is_version
      from sessions`),
  ).toEqual([{ wrong: 0, listed: true, is_spread: true, is_version: true }]);
  expect(
    await query(
      `select count(*) filter (where policy_id is distinct from case when kind = 'job' or computer <> 'PC-3' then md5('job')::uuid end)::integer as strangers from jobs`,
    ),
  ).toEqual([{ strangers: 0 }]);
  expect(
    await query(`select computer, computer_seen_at = (
        select max(created_at) from sessions where sessions.job_id = jobs.job_id
      ) as is_newest from jobs where kind = 'computer' order by 1`),
  ).toEqual([
    { computer: 'PC-1', is_newest: true },
    { computer: 'PC-2', is_newest: true },
    { computer: 'PC-3', is_newest: null },
  ]);
  expect(
    await query(
      `select started_at::date::text as day, unchanged, missing, unfetched from report.sync_runs where trigger = 'schedule' order by 1`,
    ),
  ).toEqual([
    { day: '2026-01-01', unchanged: 9, missing: 0, unfetched: null },
    { day: '2026-01-20', unchanged: 9, missing: 0, unfetched: null },
    { day: '2026-02-10', unchanged: null, missing: null, unfetched: null },
    { day: '2026-02-11', unchanged: 9, missing: 3, unfetched: null },
  ]);
  expect(
    await query(
      'select source_id, version > 100000 as has_version, fence::integer from (select id as source_id, * from sources) as source order by 1',
    ),
  ).toEqual([
    { source_id: 1, has_version: true, fence: 7 },
    { source_id: 2, has_version: false, fence: 0 },
  ]);
});

it('tells which times are covered, and what is missing', async () => {
  const { url, query } = await database01();
  await migrateDatabase(url);
  const day = (column: string) => `(${column} at time zone 'UTC')::date::text as ${column}`;
  expect(
    await query(
      `select source, ${day('from_at')}, ${day('to_at')}, via, ${day('read_at')} from report.coverage order by source, report.coverage.from_at`,
    ),
  ).toEqual([
    // Asked for and not read yet.
    { source: 'hq', from_at: '2025-01-01', to_at: '2025-06-01', via: null, read_at: null },
    { source: 'hq', from_at: '2025-06-01', to_at: '2025-12-02', via: 'query', read_at: '2026-01-02' },
    { source: 'hq', from_at: '2025-12-02', to_at: '2025-12-21', via: 'list', read_at: '2026-01-01' },
    { source: 'hq', from_at: '2025-12-21', to_at: '2026-01-20', via: 'list', read_at: '2026-01-20' },
    // An outage that was longer than a list.
    { source: 'hq', from_at: '2026-01-20', to_at: '2026-04-01', via: null, read_at: null },
    { source: 'hq', from_at: '2026-04-01', to_at: '2026-05-01', via: 'list', read_at: '2026-05-01' },
  ]);
  expect(
    await query(`select kind, reason <> '' as has_reason, attempts, first_seen_at is not null as is_dated, count(*)::integer as rows
      from report.holes group by 1, 2, 3, 4 order by 1`),
  ).toEqual([
    { kind: 'gap', has_reason: true, attempts: 0, is_dated: true, rows: 2 },
    { kind: 'tasks', has_reason: true, attempts: 2, is_dated: true, rows: 3 },
    { kind: 'unreadable', has_reason: true, attempts: 0, is_dated: true, rows: 2 },
  ]);
  expect(
    await query(
      `select hole_key = session_id as by_session, reason, record, form, parser, due_at <= now() as is_due from holes order by reason`,
    ),
  ).toEqual([
    { by_session: true, reason: 'newer', record: '<new/>', form: 'entity', parser: 0, is_due: true },
    { by_session: null, reason: 'no id', record: '<odd/>', form: 'entity', parser: 0, is_due: true },
  ]);
  expect(
    await query(
      `select source, holes, ${day('covered_from')}, uncovered_seconds / 86400 as days from report.source_health order by 1`,
    ),
  ).toEqual([
    { source: 'hq', holes: 7, covered_from: '2025-06-01', days: 151 + 71 },
    { source: 'new', holes: 0, covered_from: null, days: null },
  ]);
  expect(await query('select source_id, since, again_until from backfills')).toEqual([
    { source_id: 1, since: new Date('2025-01-01Z'), again_until: null },
  ]);
});

it('leaves the grants and views of others on schema report as they were', async () => {
  const { url, query } = await database01();
  await query(
    `create view report.mine as select count(*)::integer as failed from report.sessions where outcome = 'failed'`,
  );
  await query('grant usage on schema report to public');
  await query('grant select on report.sessions to public');
  const before = await query('select failed from report.mine');
  await migrateDatabase(url);
  expect(await query('select failed from report.mine')).toEqual(before);
  expect(
    await query(`select has_table_privilege('pg_monitor', 'report.sessions', 'select') as may_read`),
  ).toEqual([{ may_read: true }]);
});

it('names what stands on its tables, and changes nothing', async () => {
  const database = await database01();
  const { url, query } = database;
  const before = await readCatalog(database);
  await query('create view in_the_way as select session_id from sessions');
  await expect(migrateDatabase(url)).rejects.toThrow(/other objects depend on it.*Nothing was half done/);
  await query('drop view in_the_way');
  expect(await readCatalog(database)).toEqual(before);
  expect((await migrateDatabase(url)).applied).toHaveLength(3);
});

it('killed in the middle, goes on at the next start', async () => {
  const database = await database01();
  // Whoever reads a view keeps it from being replaced: the upgrade stands still with its new tables made.
  const reader = new pg.Client({ connectionString: database.url });
  await reader.connect();
  await reader.query('begin');
  await reader.query('select 1 from report.dim_date limit 1');
  const module = new URL('../../../dist/db/migrate/migrate-database.js', import.meta.url).href;
  const script = `const { migrateDatabase } = await import(${JSON.stringify(module)}); await migrateDatabase(${JSON.stringify(database.url)});`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'ignore' });
  const waiting = () =>
    database.query(`select 1 from pg_locks where not granted and relation = 'report.dim_date'::regclass`);
  while ((await waiting()).length === 0);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  // Another process waits for the orphaned connection, however long that stands.
  const migrated = migrateDatabase(database.url);
  const isLocked = () => database.query(`select 1 from pg_locks where locktype = 'advisory' and not granted`);
  while ((await isLocked()).length === 0);
  // To everybody else, nothing has happened yet. Not all of the catalog can be asked: the orphan keeps the tables locked.
  expect(
    await database.query(
      `select count(*)::integer as done, to_regclass('holes') is not null as is_new from _prisma_migrations`,
    ),
  ).toEqual([{ done: 13, is_new: false }]);
  await reader.query('commit');
  await reader.end();
  expect((await migrated).applied).toHaveLength(3);
  expect(await readCatalog(database)).toEqual(await readCatalog(fresh));
});
