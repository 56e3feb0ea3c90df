import pg from 'pg';
import { describeTable, type TableDescription } from './describe-table.ts';
import { copySchema, splitTables } from './split-tables.ts';

const quote = (name: string) => pg.escapeIdentifier(name);
export const copyOf = (table: string) => `${copySchema}.${quote(table)}`;

/**
 * The tables that hold the rows of the copy of `table`, and what distinguishes the names of their indexes. A copy that is not
 * split holds them itself.
 */
function partsOf(
  table: string,
  partitions: number,
): readonly { readonly name: string; readonly suffix: string }[] {
  if (partitions === 1) return [{ name: table, suffix: '' }];
  return Array.from({ length: partitions }, (_, number) => ({
    name: `${table}_p${number}`,
    suffix: `_p${number}`,
  }));
}

/**
 * Makes the copies, empty and with their primary keys only: rows are stored several times faster without the other indexes.
 * Copies that a process before this one left are kept, unless they are of another number or of other tables. Returns
 * whether they were kept.
 */
export async function makeCopies(client: pg.ClientBase, partitions: number): Promise<boolean> {
  const tables: TableDescription[] = [];
  for (const { name } of splitTables) tables.push(await describeTable(client, name));
  const plan = JSON.stringify([partitions, tables.map(({ fingerprint }) => fingerprint)]);
  if ((await readPlan(client)) === plan) return true;
  await client.query('begin');
  await dropCopies(client);
  await client.query(`create schema ${copySchema}`);
  await client.query(`create table ${copySchema}.plan as select $1::text as plan`, [plan]);
  await client.query(
    `create table ${copySchema}.progress (
       source_id integer, table_name text, version bigint not null, reached text, is_whole boolean not null,
       primary key (source_id, table_name)
     )`,
  );
  for (const [index, { name }] of splitTables.entries()) {
    const table = tables[index];
    if (table !== undefined) await makeCopy(client, name, table, partitions);
  }
  await client.query('commit');
  return false;
}

/** Throws away what was copied. The history itself is not touched. */
export async function dropCopies(client: pg.ClientBase): Promise<void> {
  await client.query(`drop schema if exists ${copySchema} cascade`);
}

async function readPlan(client: pg.ClientBase): Promise<string | undefined> {
  const { rows } = await client.query<{ isThere: boolean }>(
    `select to_regclass($1) is not null as "isThere"`,
    [`${copySchema}.plan`],
  );
  if (rows[0]?.isThere !== true) return undefined;
  return (await client.query<{ plan: string }>(`select plan from ${copySchema}.plan`)).rows[0]?.plan;
}

async function makeCopy(
  client: pg.ClientBase,
  name: string,
  table: TableDescription,
  partitions: number,
): Promise<void> {
  const copy = copyOf(name);
  const options = table.options.length === 0 ? '' : ` with (${table.options.join(', ')})`;
  const isSplit = partitions > 1;
  await client.query(
    `create table ${copy} (like ${quote(name)} including all excluding indexes excluding statistics)
     ${isSplit ? 'partition by hash (source_id)' : options}`,
  );
  const { name: keyName, definition } = table.primaryKey;
  await client.query(`alter table ${copy} add constraint ${quote(keyName)} ${definition}`);
  if (isSplit)
    for (const [remainder, part] of partsOf(name, partitions).entries())
      await client.query(
        `create table ${copyOf(part.name)} partition of ${copy}
         for values with (modulus ${partitions}, remainder ${remainder})${options}`,
      );
  for (const { column, target } of table.targets)
    await client.query(`alter table ${copy} alter column ${quote(column)} set statistics ${target}`);
  if (table.comment !== null)
    await client.query(`comment on table ${copy} is ${pg.escapeLiteral(table.comment)}`);
  for (const { privilege, columns, grantee, isGrantable } of table.grants)
    await client.query(
      `grant ${privilege}${columns === null ? '' : ` (${columns.map(quote).join(', ')})`} on ${copy} to ${grantee}${isGrantable ? ' with grant option' : ''}`,
    );
  const { rows } = await client.query<{ owner: string }>('select current_user::regrole::text as owner');
  if (rows[0]?.owner !== table.owner) {
    await client.query(`alter table ${copy} owner to ${table.owner}`);
    if (isSplit)
      for (const part of partsOf(name, partitions))
        await client.query(`alter table ${copyOf(part.name)} owner to ${table.owner}`);
  }
}

/**
 * Gives the copies all other indexes and the extended statistics, one after the other, each for itself: what is there
 * already is left alone. Partitions get statistics of their own: the planner estimates each for itself.
 */
export async function indexCopies(
  client: pg.ClientBase,
  partitions: number,
  onIndex: (name: string) => Promise<void> | void,
): Promise<void> {
  for (const { name } of splitTables) {
    const { indexes, statistics } = await describeTable(client, name);
    // An index of the parent takes in those of its partitions that are defined like it.
    const places = partsOf(name, partitions);
    const all = partitions === 1 ? places : [...places, { name, suffix: '' }];
    for (const index of indexes) {
      await onIndex(index.name);
      for (const place of all)
        await client.query(
          `create ${index.isUnique ? 'unique ' : ''}index if not exists ${quote(index.name + place.suffix)}
           on ${copyOf(place.name)}${index.definition}`,
        );
    }
    for (const one of statistics)
      for (const place of all)
        await client.query(
          `create statistics if not exists ${copySchema}.${quote(one.name + place.suffix)} ${one.definition} from ${copyOf(place.name)}`,
        );
  }
}
