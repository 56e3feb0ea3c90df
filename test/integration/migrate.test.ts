import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterEach, expect, it } from 'vitest';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { openSchemaEngine } from '../../src/db/schema-engine.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const migrations = readdirSync(new URL('../../prisma/migrations', import.meta.url)).filter((name) =>
  /^\d/.test(name),
);
const open: TestDatabase[] = [];
async function database(options?: { readonly empty: boolean }): Promise<TestDatabase> {
  const made = await createTestDatabase(options);
  open.push(made);
  return made;
}
afterEach(async () => {
  for (const one of open.splice(0)) await one.drop();
});

const shape = `
  select table_name, column_name, data_type, is_nullable, column_default is null and is_generated = 'NEVER' as is_plain
  from information_schema.columns
  where table_schema = 'public' and table_name in (select tablename from pg_tables) and table_name <> '_prisma_migrations'
  order by table_name, column_name`;
const indexes = `
  select tablename, indexname from pg_indexes
  where schemaname = 'public' and tablename <> '_prisma_migrations'
    -- What Prisma cannot say: partial indexes and those on expressions.
    and indexdef not like '% WHERE %' and indexname !~ '_(search|prefix|hash|run_day)_idx$'
  order by indexname`;

it('builds the very tables that schema.prisma describes', async () => {
  const migrated = await database();
  const described = await database({ empty: true });
  const pool = new pg.Pool({ connectionString: described.url });
  const content = readFileSync(new URL('../../prisma/schema.prisma', import.meta.url), 'utf8');
  const engine = await openSchemaEngine(pool, new Map(), () => undefined);
  const { stdout } = await engine.diff({
    from: { tag: 'empty' },
    to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content }] },
    script: true,
    exitCode: null,
    filters: { externalTables: [], externalEnums: [] },
  });
  await pool.query(stdout ?? '');
  await pool.end();
  // Generated columns are the one thing Prisma cannot say.
  const plain = (rows: readonly Record<string, unknown>[]) =>
    rows.map((row) =>
      ['is_final', 'outcome'].includes(String(row['column_name']))
        ? { ...row, is_nullable: '', is_plain: '' }
        : row,
    );
  expect(plain(await migrated.query(shape))).toEqual(plain(await described.query(shape)));
  expect(await migrated.query(indexes)).toEqual(await described.query(indexes));
});

it('is done once, however many processes begin at the same time', async () => {
  const { url, query } = await database({ empty: true });
  const results = await Promise.all([migrateDatabase(url), migrateDatabase(url), migrateDatabase(url)]);
  expect(results.map(({ applied }) => applied.length).sort()).toEqual([0, 0, migrations.length]);
  expect(
    await query('select count(*)::int as done from _prisma_migrations where finished_at is not null'),
  ).toEqual([{ done: migrations.length }]);
});

it('says what PostgreSQL said when a script fails, and can be repeated', async () => {
  const { url, query } = await database({ empty: true });
  await query('create schema report');
  await expect(migrateDatabase(url)).rejects.toThrow(/schema "report" already exists/);
  await query('drop schema report');
  // All but the first, which stood.
  expect((await migrateDatabase(url)).applied).toHaveLength(migrations.length - 1);
});

it('wants a database of its own', async () => {
  const { url, query } = await database({ empty: true });
  await query('create table somebody_elses (note text)');
  await expect(migrateDatabase(url)).rejects.toThrow(/create database session_history/);
});

it('goes on after a process that was killed before its script ran', async () => {
  const { url, query } = await database({ empty: true });
  await migrateDatabase(url);
  for (const statement of [
    'create schema kept',
    'alter table _prisma_migrations set schema kept',
    'drop schema report, public cascade',
    'create schema public',
    'alter table kept._prisma_migrations set schema public',
    `delete from _prisma_migrations where migration_name <> '${migrations[0] ?? ''}'`,
    'update _prisma_migrations set finished_at = null, applied_steps_count = 0',
  ])
    await query(statement);
  expect((await migrateDatabase(url)).applied).toEqual(migrations);
  expect(
    await query(`select count(*)::int as views from information_schema.views where table_schema = 'report'`),
  ).toEqual([{ views: 11 }]);
});

it('waits for the script of a process that was killed, however long it runs', async () => {
  const { url, query } = await database({ empty: true });
  const orphan = new pg.Client({ connectionString: url });
  await orphan.connect();
  const engineLock = 72_707_369;
  await orphan.query('select pg_advisory_lock($1)', [engineLock]);
  const migrated = migrateDatabase(url);
  // The engine gives up after ten seconds, so it must not be the one that waits: it is the holder of this program's lock.
  const waiters = () =>
    query<{ id: number }>(`
      select holder.objid::integer as id
      from pg_locks as waiter
      left join pg_locks as holder on holder.pid = waiter.pid and holder.locktype = 'advisory' and holder.granted
      where waiter.locktype = 'advisory' and not waiter.granted and waiter.objid = ${engineLock}
        and waiter.database = (select oid from pg_database where datname = current_database())`);
  let waiting = await waiters();
  while (waiting.length === 0) waiting = await waiters();
  expect(waiting).toEqual([{ id: 0x73657373 }]);
  await orphan.end();
  expect((await migrated).applied).toEqual(migrations);
});

it('refuses a database of a newer version', async () => {
  const { url, query } = await database();
  await query(
    `insert into _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) values ('x', 'x', '29990101000000_future', now(), 1)`,
  );
  await expect(migrateDatabase(url)).rejects.toThrow(/29990101000000_future.*newer session-history/);
});

it('leaves no view or column of the reporting schema without a comment', async () => {
  const { query } = await database();
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
  const { url } = await database({ empty: true });
  const script = `import { migrateDatabase } from ${JSON.stringify(new URL('../../dist/db/migrate.js', import.meta.url).href)};
    await migrateDatabase(${JSON.stringify(url)});
    console.log(JSON.stringify(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  expect(JSON.parse(stdout)).toEqual([]);
});
