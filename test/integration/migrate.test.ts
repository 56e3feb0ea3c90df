import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterEach, expect, inject, it } from 'vitest';
import { refuseUnfit, type DatabaseFacts } from '../../src/db/migrate/database-facts.ts';
import { migrateDatabase } from '../../src/db/migrate/migrate-database.ts';
import { createDatabase01 } from '../support/database-0.1.ts';
import { readPrismaSchema } from '../support/read-prisma-schema.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const folder = new URL('../../prisma/migrations/', import.meta.url);
const migrations = readdirSync(folder)
  .filter((name) => /^\d/.test(name))
  .sort();
const open: TestDatabase[] = [];
async function database(making = createTestDatabase({ empty: true })): Promise<TestDatabase> {
  const made = await making;
  open.push(made);
  return made;
}
afterEach(async () => {
  for (const one of open.splice(0)) await one.drop();
});

it('builds the very tables that schema.prisma describes', async () => {
  const { query } = await database(createTestDatabase());
  const described = readPrismaSchema();
  const columns = await query<{ line: string }>(`
    select format('%s.%s %s%s%s', class.relname, attname, format_type(atttypid, atttypmod),
      case when attnotnull then ' not null' end, case when atthasdef then ' default' end) as line
    from pg_attribute
    join pg_class as class on class.oid = attrelid and class.relkind = 'r' and class.relname <> '_prisma_migrations'
    where class.relnamespace = 'public'::regnamespace and attnum > 0`);
  expect(columns.map(({ line }) => line).sort()).toEqual(described.columns);
  const indexes = await query<{ line: string }>(`
    select format('%s (%s)', indexrelid::regclass, substring(pg_get_indexdef(indexrelid) from 'USING btree \\((.*)\\)$')) as line
    from pg_index
    join pg_class as class on class.oid = indrelid and class.relname <> '_prisma_migrations'
    -- What Prisma cannot say: partial indexes, those on expressions, and those of other kinds.
    where class.relnamespace = 'public'::regnamespace and indpred is null and indexprs is null
      and pg_get_indexdef(indexrelid) like '% USING btree %'`);
  expect(indexes.map(({ line }) => line).sort()).toEqual(described.indexes);
});

it('is done once, however many processes begin at the same time', async () => {
  const { url, query } = await database();
  const results = await Promise.all([migrateDatabase(url), migrateDatabase(url), migrateDatabase(url)]);
  expect(results.map(({ applied }) => applied.length).sort()).toEqual([0, 0, migrations.length]);
  expect(
    await query('select count(*)::int as done from _prisma_migrations where finished_at is not null'),
  ).toEqual([{ done: migrations.length }]);
});

it('keeps its books as Prisma does', async () => {
  const { query } = await database(createTestDatabase());
  const rows = await query(
    `select length(id) as id, checksum, migration_name as name, logs, rolled_back_at, applied_steps_count as steps,
       started_at < finished_at as took_time
     from _prisma_migrations order by started_at`,
  );
  expect(rows).toEqual(
    migrations.map((name) => ({
      id: 36,
      checksum: createHash('sha256')
        .update(readFileSync(new URL(`${name}/migration.sql`, folder)))
        .digest('hex'),
      name,
      logs: null,
      rolled_back_at: null,
      steps: 1,
      took_time: true,
    })),
  );
});

it('says what PostgreSQL said when a script fails, and can be repeated', async () => {
  const { url, query } = await database();
  await query(`create type session_rows as enum ('in the way')`);
  await expect(migrateDatabase(url)).rejects.toThrow(/"session_rows" already exists\. Nothing was half done/);
  await query('drop type session_rows');
  // The others stood.
  expect((await migrateDatabase(url)).applied).toEqual(['3_report']);
});

it('goes on where a connection broke in the middle of a script', async () => {
  const { url, query } = await database();
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  await other.query('begin; create schema report');
  const migrated = migrateDatabase(url);
  const waiting = () =>
    query(`select 1 from pg_stat_activity
      where datname = current_database() and application_name = 'session-history migrate' and wait_event_type = 'Lock'`);
  while ((await waiting()).length === 0);
  await query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'session-history migrate'`);
  await expect(migrated).rejects.toMatchObject({ kind: 'transient' });
  await other.query('rollback');
  await other.end();
  expect((await migrateDatabase(url)).applied).toEqual(['3_report']);
});

it('takes a migration for not done that Prisma noted as begun only', async () => {
  const { url, query } = await database();
  await migrateDatabase(url);
  await query('drop schema report cascade');
  await query('drop view session_rows');
  await query(
    `update _prisma_migrations set finished_at = null, applied_steps_count = 0, logs = 'failed' where migration_name = '3_report'`,
  );
  expect((await migrateDatabase(url)).applied).toEqual(['3_report']);
  expect(
    await query(
      `select rolled_back_at is null as counts, finished_at is null as failed from _prisma_migrations
       where migration_name = '3_report' order by started_at`,
    ),
  ).toEqual([
    { counts: false, failed: true },
    { counts: true, failed: false },
  ]);
});

it('waits for the script of a process that was killed, however long it runs', async () => {
  const { url, query } = await database();
  const orphan = new pg.Client({ connectionString: url });
  await orphan.connect();
  const engineLock = 72_707_369;
  await orphan.query('select pg_advisory_lock($1)', [engineLock]);
  const migrated = migrateDatabase(url);
  const waiters = () =>
    query(`select 1 from pg_locks
      where locktype = 'advisory' and not granted and objid = ${engineLock}
        and database = (select oid from pg_database where datname = current_database())`);
  while ((await waiters()).length === 0);
  expect(await query(`select 1 from pg_class where relname = 'sessions'`)).toEqual([]);
  await orphan.end();
  expect((await migrated).applied).toEqual(migrations);
});

it('refuses a database of a newer version', async () => {
  const { url, query } = await database(createTestDatabase());
  await query(
    `insert into _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) values ('x', 'x', '4_future', now(), 1)`,
  );
  await expect(migrateDatabase(url)).rejects.toThrow(/4_future.*newer session-history/);
});

it('refuses a database of version 0.1 that is not as 0.1.0 left it, and says what to do', async () => {
  const early = await database(createDatabase01('20261125150000_listed_stretches'));
  await expect(migrateDatabase(early.url)).rejects.toThrow(
    /20261125150000_listed_stretches.*`session-history migrate` of version 0\.1\.0/,
  );
  const altered = await database(createDatabase01());
  await altered.query(
    `update _prisma_migrations set checksum = 'x' where migration_name = '20261124010000_query'`,
  );
  await expect(migrateDatabase(altered.url)).rejects.toThrow(/altered version 0\.1 \(20261124010000_query\)/);
});

it('wants a database of its own', async () => {
  const { url, query } = await database();
  await query('create table somebody_elses (note text)');
  await expect(migrateDatabase(url)).rejects.toThrow(/create database session_history/);
});

it('says what a user without rights needs', async () => {
  const { url, query } = await database();
  const role = `nobody_${process.pid}`;
  await query(`create role ${role} login password 'x'`);
  await query(`revoke create on schema public from public`);
  try {
    const address = new URL(url);
    address.username = role;
    address.password = 'x';
    const grants: string[] = [];
    for (const what of ['schema public', 'database'])
      await migrateDatabase(address.href).catch(async (error: unknown) => {
        const [, grant = ''] = /run(?: there)?: (grant [^;]*);/.exec(String(error)) ?? [];
        expect(grant).toContain(what);
        grants.push(grant);
        await query(grant);
      });
    expect(grants).toHaveLength(2);
    expect((await migrateDatabase(address.href)).applied).toEqual(migrations);
  } finally {
    await query(`drop owned by ${role} cascade`);
    await query(`drop role ${role}`);
  }
});

it('refuses an encoding that cannot hold every name', async () => {
  const server = new pg.Client({ connectionString: inject('databaseServer').url });
  await server.connect();
  const name = `${inject('databaseServer').template}_ascii`;
  await server.query(`create database ${name} encoding 'SQL_ASCII' locale 'C' template template0`);
  try {
    const address = new URL(inject('databaseServer').url);
    address.pathname = `/${name}`;
    await expect(migrateDatabase(address.href)).rejects.toThrow(/SQL_ASCII.*encoding 'UTF8'/);
  } finally {
    await server.query(`drop database ${name}`);
    await server.end();
  }
});

it.each([
  [{ version: 120_022 }, /PostgreSQL 12.*13 or newer/],
  [{ encoding: 'LATIN1' }, /LATIN1.*create database session_history encoding 'UTF8'/],
  [{ mayCreateTables: false }, /grant create on schema public to "o""dd"/],
  [{ mayCreateSchemas: false }, /grant create on database db to "o""dd"/],
  [{ hasForeignTables: true }, /create database session_history/],
] as const)('refuses %o in words', (fault, words) => {
  const fit: DatabaseFacts = {
    database: 'db',
    user: 'o"dd',
    version: 130_000,
    encoding: 'UTF8',
    schema: 'public',
    mayCreateTables: true,
    mayCreateSchemas: true,
    hasForeignTables: false,
  };
  refuseUnfit(fit);
  expect(() => {
    refuseUnfit({ ...fit, ...fault });
  }).toThrow(words);
});

it('leaves no view or column of the reporting schema without a comment', async () => {
  const { query } = await database(createTestDatabase());
  expect(
    await query(`
      select format('%s.%s', class.relname, attribute.attname) as bare
      from pg_class as class
      join pg_namespace as namespace on namespace.oid = class.relnamespace and namespace.nspname = 'report'
      join pg_attribute as attribute on attribute.attrelid = class.oid and attribute.attnum > 0
      where col_description(class.oid, attribute.attnum) is null or obj_description(class.oid, 'pg_class') is null`),
  ).toEqual([]);
});

it('keeps no process from ending', async () => {
  const { url } = await database();
  const module = new URL('../../dist/db/migrate/migrate-database.js', import.meta.url).href;
  const script = `import { migrateDatabase } from ${JSON.stringify(module)};
    await migrateDatabase(${JSON.stringify(url)});
    console.log(JSON.stringify(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  expect(JSON.parse(stdout)).toEqual([]);
});
