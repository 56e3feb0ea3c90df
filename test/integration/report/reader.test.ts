import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../../src/db/open-database.ts';
import { ensureReaderRole } from '../../../src/db/reader-role.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
let reader: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(`
    insert into sources (name, url) values ('hq', 'https://em.example');
    insert into sessions (source_id, session_id, session_name, kind, computer, is_retry, created_at)
      values (1, gen_random_uuid(), 'one', 'computer', 'PC-1', false, now());
    insert into computers (source_id, computer_key, computer) values (1, computer_key('PC-1'), 'PC-1');
    insert into coverage (source_id, from_at, to_at, via, first_seen_at) values
      (1, '2026-01-01Z', '2026-02-01Z', 'list', now()), (1, '2026-02-01Z', '2026-03-01Z', null, now());
    insert into holes (source_id, hole_key, kind, reason, first_seen_at, due_at) values (1, gen_random_uuid(), 'unreadable', 'torn', now(), now());
    insert into task_backlog (source_id, session_id, created_at, attempts, due_at) select source_id, session_id, created_at, 1, now() from sessions;
    insert into api_keys (name, scope, key_hash) values ('key', 'read', 'hash');
  `);
  const history = openDatabase(database.url);
  expect(await ensureReaderRole(history.prisma)).toBe(true);
  await history.close();
  reader = new pg.Client({ connectionString: database.url });
  await reader.connect();
  await reader.query('set role session_history_reader');
});
afterAll(async () => {
  await reader.end();
  await database.drop();
});

it('reads every view, also while figures are stale', async () => {
  const views = await database.query<{ name: string }>(
    `select table_name as name from information_schema.views where table_schema = 'report'`,
  );
  for (const { name } of views) await reader.query(`select * from report.${name}`);
  expect(await database.query('select from computers where is_stale')).toHaveLength(1);
  const { rows } = await reader.query('select computer from report.computers');
  expect(rows).toEqual([{ computer: 'PC-1' }]);
});

it('cannot put tables of its own under what it reads', async () => {
  await reader.query(`create temporary table sessions (computer text, source_id integer, kind text, is_last_attempt boolean,
    created_at timestamptz, session_id uuid, run_started_at timestamptz, outcome text, ended_at timestamptz)`);
  const { rows } = await reader.query('select computer from report.computers');
  expect(rows).toEqual([{ computer: 'PC-1' }]);
  await reader.query('drop table pg_temp.sessions');
});

it('sees in the catalog what a schema crawler shows people: views, columns, comments', async () => {
  const { rows } = await reader.query<{ view: string; comment: string | null }>(
    `select table_name as view, obj_description(format('report.%I', table_name)::regclass) as comment
     from information_schema.tables where table_schema = 'report'`,
  );
  expect(rows.length).toBeGreaterThanOrEqual(10);
  expect(rows.filter(({ comment }) => comment === null)).toEqual([]);
  const elsewhere = await reader.query(
    `select table_schema, table_name from information_schema.tables where table_schema not in ('report', 'pg_catalog', 'information_schema')`,
  );
  expect(elsewhere.rows).toEqual([]);
});

it('finds the key of each view in its comment', async () => {
  const { rows } = await reader.query<{ view: string; key: string | null }>(
    `select table_name as view, substring(obj_description(format('report.%I', table_name)::regclass) from 'Key: (.*)\\.$') as key
     from information_schema.tables where table_schema = 'report'`,
  );
  for (const { view, key } of rows) {
    expect([view, key]).toEqual([view, expect.any(String)]);
    expect(
      (
        await reader.query(
          `select ${key ?? ''} from report.${view} group by ${key ?? ''} having count(*) > 1`,
        )
      ).rows,
    ).toEqual([]);
  }
});

it('finds types only that every tool knows', async () => {
  const { rows } = await reader.query<{ type: string }>(
    `select distinct data_type as type from information_schema.columns where table_schema = 'report' order by 1`,
  );
  expect(rows.map(({ type }) => type)).toEqual([
    'bigint',
    'boolean',
    'date',
    'double precision',
    'integer',
    'text',
    'timestamp with time zone',
    'uuid',
  ]);
});

it.each([
  'select * from sessions',
  'select * from public.api_keys',
  'select * from sources',
  'select * from session_rows',
  'select * from session_attempts',
  'select * from computers',
  'select * from _prisma_migrations',
  'insert into report.dim_date (day) values (now())',
  `update report.sessions set outcome = 'success'`,
  `delete from report.sessions`,
  'truncate sessions',
  'select * from coverage',
  'select * from holes',
  'insert into computers (source_id, computer_key, computer) values (1, gen_random_uuid(), $$mine$$)',
  'create table report.mine ()',
  'create table public.mine ()',
  'create view report.mine as select 1',
  'drop view report.sessions',
  `comment on view report.sessions is 'mine'`,
  'create role another',
  'alter role session_history_reader superuser',
  'select lo_create(0)',
  'select lo_creat(1)',
  `select lo_from_bytea(0, 'mine')`,
  `select lo_import('/etc/passwd')`,
  'create schema mine',
  'create extension dblink',
  'select * from pg_authid',
  `select nextval('sources_id_seq')`,
  `select pg_read_file('/etc/passwd')`,
  `copy report.sessions to '/tmp/stolen'`,
  `copy report.sessions to program 'cat'`,
])('may not: %s', async (statement) => {
  await expect(reader.query(statement)).rejects.toThrow(
    /permission denied|must be (owner|superuser)|must have|cannot|only roles/i,
  );
});
