import pg from 'pg';
import { describeTable } from './describe-table.ts';
import { copyOf } from './make-copies.ts';
import { readStaleSources } from './copy-source.ts';
import { copySchema, formerSchema, splitTables } from './split-tables.ts';

const quote = (name: string) => pg.escapeIdentifier(name);

/** Readers wait no longer than this behind the exchange, which waits for those before it. */
const lockTimeout = '2s';
const lockTries = 30;

/** What came of an attempt; after all but `replaced` everything is as it was. */
export type Replacement =
  | { readonly kind: 'replaced' }
  /** Written meanwhile: to be copied again. */
  | { readonly kind: 'stale'; readonly sourceIds: readonly number[] }
  /** Their copies have other numbers of rows. */
  | { readonly kind: 'unequal'; readonly sourceIds: readonly number[] }
  /** Somebody's question kept the tables from being exchanged. */
  | { readonly kind: 'busy' };

/**
 * One transaction: with all writers waiting, proves that the copies are equal (versions of sources, numbers of rows), lets them take the
 * places and names of the tables, points all views at them, and drops the former tables.
 */
export async function replaceTables(
  client: pg.ClientBase,
  onReplaced: () => Promise<void> | void = () => undefined,
): Promise<Replacement> {
  await client.query('begin');
  try {
    const result = await replace(client);
    if (result.kind === 'replaced') await onReplaced();
    await client.query(result.kind === 'replaced' ? 'commit' : 'rollback');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    if (isLockTimeout(error)) return { kind: 'busy' };
    throw error;
  }
}

async function replace(client: pg.ClientBase): Promise<Replacement> {
  // Every writer takes its source's row first, and nobody makes a source meanwhile. Readers go on.
  await client.query(`set local lock_timeout = '15s'`);
  await client.query('lock table sources in share row exclusive mode');
  const stale = await readStaleSources(client);
  if (stale.length > 0) return { kind: 'stale', sourceIds: stale };
  const unequal = await readUnequalSources(client);
  if (unequal.length > 0) return { kind: 'unequal', sourceIds: unequal };

  const views = await readViews(client);
  const home =
    (await client.query<{ home: string }>('select current_schema() as home')).rows[0]?.home ?? 'public';
  if (!(await lockTables(client))) return { kind: 'busy' };
  await client.query(`create schema ${formerSchema}`);
  for (const { name } of splitTables) {
    await moveTable(client, `${quote(home)}.${quote(name)}`, formerSchema);
    await moveTable(client, copyOf(name), quote(home));
  }
  for (const { name, options, definition } of views)
    await client.query(`create or replace view ${name}${options} as ${definition}`);
  // Without cascade: what still stands on them would be lost, and stops all of this.
  for (const { name } of splitTables) await client.query(`drop table ${formerSchema}.${quote(name)}`);
  await client.query(`drop schema ${formerSchema}`);
  await client.query(`drop table ${copySchema}.plan, ${copySchema}.progress`);
  await client.query(`drop schema ${copySchema}`);
  return { kind: 'replaced' };
}

async function readUnequalSources(client: pg.ClientBase): Promise<readonly number[]> {
  const counts = (table: string) => `select source_id, count(*) as rows from ${table} group by source_id`;
  const { rows } = await client.query<{ id: number }>(
    splitTables
      .map(
        ({ name }) =>
          `select coalesce(old.source_id, copy.source_id) as id
           from (${counts(quote(name))}) as old
           full join (${counts(copyOf(name))}) as copy using (source_id)
           where old.rows is distinct from copy.rows`,
      )
      .join(' union '),
  );
  return rows.map(({ id }) => id);
}

type View = { readonly name: string; readonly options: string; readonly definition: string };

/**
 * The views that read the tables, as text: tables stand in it by their names, so that the same text means the copies once they have these.
 * Replaced in place, views keep their grants, comments and the views of others that stand on them.
 */
async function readViews(client: pg.ClientBase): Promise<readonly View[]> {
  const { rows } = await client.query<View>(
    `select distinct on (view.oid)
       view.oid::regclass::text as name,
       coalesce(' with (' || array_to_string(view.reloptions, ', ') || ')', '') as options,
       pg_get_viewdef(view.oid) as definition
     from pg_depend
     join pg_rewrite as rule on rule.oid = objid
     join pg_class as view on view.oid = rule.ev_class and view.relkind = 'v'
     where classid = 'pg_rewrite'::regclass and refclassid = 'pg_class'::regclass and refobjid = any($1::oid[])
     order by view.oid`,
    [await readTrees(client)],
  );
  return rows;
}

async function readTrees(client: pg.ClientBase): Promise<readonly number[]> {
  const trees: number[] = [];
  for (const { name } of splitTables) trees.push(...(await describeTable(client, name)).tree);
  return trees;
}

/** False when readers do not let go. They are kept waiting for moments only, again and again. */
async function lockTables(client: pg.ClientBase): Promise<boolean> {
  for (let attempt = 0; attempt < lockTries; attempt += 1) {
    await client.query('savepoint unlocked');
    try {
      await client.query(`set local lock_timeout = '${lockTimeout}'`);
      await client.query(
        `lock table ${splitTables.map(({ name }) => quote(name)).join(', ')} in access exclusive mode`,
      );
      return true;
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      await client.query('rollback to savepoint unlocked');
      await client.query('select pg_sleep(0.5)');
    }
  }
  return false;
}

const isLockTimeout = (error: unknown) => (error as { code?: unknown }).code === '55P03';

/** Moves a table with its partitions, indexes and statistics. */
async function moveTable(client: pg.ClientBase, table: string, to: string): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(
    `with tree as (
       select $1::regclass::oid as oid
       union
       select relid from pg_partition_tree($1::regclass)
     )
     select format('alter statistics %I.%I', nspname, stxname) as statement
     from pg_statistic_ext join pg_namespace as place on place.oid = stxnamespace
     where stxrelid in (select oid from tree)
     union all
     select format('alter table %I.%I', nspname, relname)
     from pg_class as class join pg_namespace as place on place.oid = relnamespace
     where class.oid in (select oid from tree)`,
    [table],
  );
  for (const { statement } of rows) await client.query(`${statement} set schema ${to}`);
}
