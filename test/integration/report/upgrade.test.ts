import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrateDatabase } from '../../../src/db/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

const firstRelease = ['20261123000000_history', '20261123000100_report'];
let old: TestDatabase;
let fresh: TestDatabase;

beforeAll(async () => {
  [old, fresh] = [await createTestDatabase({ empty: true }), await createTestDatabase()];
});
afterAll(async () => {
  await old.drop();
  await fresh.drop();
});

/** A month of a job with three computers, in the columns of the first release: failures, retries, one that runs, one lost. */
const data = `
  insert into sources (name, url, last_listed_at) values ('hq', 'https://em', now());
  insert into servers (source_id, server_id, server_name) values (1, md5('server')::uuid, 'vbr');
  insert into jobs (source_id, job_id, job_name, kind) values (1, md5('job')::uuid, 'Night', 'job');
  insert into jobs (source_id, job_id, job_name, kind, computer)
    select 1, md5('child' || pc)::uuid, 'Night - PC-' || pc, 'computer', 'PC-' || pc from generate_series(1, 3) as pc;
  insert into sessions (source_id, session_id, session_name, kind, job_id, job_name, computer, is_retry, state, result, created_at, ended_at, lost_at, server_name)
  select 1, md5(concat(day, pc, attempt))::uuid, 'session', 'computer', md5('child' || pc)::uuid, 'Night - PC-' || pc, 'PC-' || pc,
    attempt = 1,
    case when day = 40 and pc = 3 then 'Working' else 'Stopped' end,
    case when day = 40 and pc = 3 then 'None' when (day + pc) % 5 = 0 and (attempt = 0 or day % 2 = 0) then 'Failed' else 'Success' end,
    start, case when day = 40 and pc = 3 then null else start + interval '10 minutes' end,
    case when day = 40 and pc = 3 then now() end, 'vbr'
  from generate_series(1, 40) as day, generate_series(1, 3) as pc, generate_series(0, 1) as attempt,
    lateral (select date_trunc('hour', now()) - interval '41 days' + day * interval '1 day' + attempt * interval '1 hour' as start) as at
  where attempt = 0 or (day + pc) % 5 = 0;
  insert into tasks (source_id, task_id, session_id, task_name) select source_id, md5(session_id::text)::uuid, session_id, 'task' from sessions;
  insert into sync_runs (run_id, source_id, trigger, status) values (md5('run')::uuid, 1, 'schedule', 'succeeded');
`;

const parents = {
  old: `insert into session_links (source_id, child_session_id, parent_session_id)
    select source_id, session_id, md5('parent')::uuid from sessions where not is_retry`,
  fresh: `update sessions set parent_session_id = md5('parent')::uuid where not is_retry`,
};

const views = `select table_name as view from information_schema.views where table_schema = 'report' order by 1`;

it('brings a database of the first release, with its data, to the figures a new one has', async () => {
  const known = await fresh.query<{ name: string; checksum: string }>(
    'select migration_name as name, checksum from _prisma_migrations order by 1',
  );
  await old.query(
    `create table _prisma_migrations (
       id varchar(36) primary key, checksum varchar(64) not null, finished_at timestamptz, migration_name varchar(255) not null,
       logs text, rolled_back_at timestamptz, started_at timestamptz not null default now(), applied_steps_count integer not null default 0
     )`,
  );
  for (const name of firstRelease) {
    await old.query(
      readFileSync(new URL(`../../../prisma/migrations/${name}/migration.sql`, import.meta.url), 'utf8'),
    );
    await old.query(
      `insert into _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count) values ($1, $2, now(), $1, 1)`,
      [name, known.find((one) => one.name === name)?.checksum],
    );
  }
  await old.query(data);
  await old.query(parents.old);
  // What the first release wrote for a size that it did not know.
  await old.query(`update sessions set processed_bytes = 9223372036854775807`);
  const { applied } = await migrateDatabase(old.url);
  expect(applied).toEqual(known.map(({ name }) => name).filter((name) => !firstRelease.includes(name)));

  await fresh.query(data);
  await fresh.query(parents.fresh);
  const names = (await fresh.query<{ view: string }>(views)).map(({ view }) => view);
  expect((await old.query<{ view: string }>(views)).map(({ view }) => view)).toEqual(names);
  // Times of writing and of asking differ; nothing else may.
  const clocks = `array['first_seen_at', 'last_seen_at', 'last_changed_at', 'started_at', 'last_run_at', 'days_until_loss', 'hours_since_success', 'arrival_lag_seconds']`;
  for (const view of names.filter((name) => name !== 'dim_date')) {
    const rows = `select to_jsonb(row) - ${clocks} as row from report.${view} as row order by 1`;
    const expected = await fresh.query(rows);
    expect([view, expected.length > 0]).toEqual([view, true]);
    expect([view, await old.query(rows)]).toEqual([view, expected]);
  }
});
