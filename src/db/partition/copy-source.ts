import type pg from 'pg';
import { describeTable } from './describe-table.ts';
import { copyOf } from './make-copies.ts';
import { copySchema, splitTables, type SplitTable } from './split-tables.ts';

/** A source, one of its tables, and the statement that copies a stretch of it. */
type Copying = {
  readonly sourceId: number;
  readonly table: SplitTable;
  readonly statement: string;
  readonly stepRows: number;
};

export type CopyStep = { readonly sourceId: number; readonly table: string; readonly rows: number };

/** The statements that copy, by table. */
export async function prepareCopying(client: pg.ClientBase): Promise<ReadonlyMap<string, string>> {
  const statements = new Map<string, string>();
  for (const table of splitTables) {
    const { columns } = await describeTable(client, table.name);
    statements.set(table.name, copyStretch(table, columns));
  }
  return statements;
}

/**
 * Brings the copy of a source up to date: copies what it lacks and what differs, step by step, each a transaction with its
 * place noted. Every change of a source raises its version, and the version is noted before the first step: a copy that is whole
 * and of the source's version is equal to the source. Does nothing for such a copy.
 */
export async function copySource(
  client: pg.ClientBase,
  sourceId: number,
  { statements, stepRows }: { readonly statements: ReadonlyMap<string, string>; readonly stepRows: number },
  onStep: (step: CopyStep) => Promise<void> | void,
): Promise<void> {
  for (const table of splitTables) {
    const statement = statements.get(table.name);
    if (statement === undefined) continue;
    let reached = await beginPass(client, sourceId, table.name);
    while (reached !== undefined) {
      const step: { readonly rows: number; readonly reached: string | undefined } = await copyNext(
        client,
        { sourceId, table, statement, stepRows },
        reached,
      );
      ({ reached } = step);
      await onStep({ sourceId, table: table.name, rows: step.rows });
    }
  }
}

/** Where to go on: null at the beginning; undefined: nothing is to be done. */
async function beginPass(
  client: pg.ClientBase,
  sourceId: number,
  table: string,
): Promise<string | null | undefined> {
  const { rows } = await client.query<{ reached: string | null; isWhole: boolean }>(
    `insert into ${copySchema}.progress as known (source_id, table_name, version, reached, is_whole)
     select id, $2, version, null, false from sources where id = $1
     on conflict (source_id, table_name) do update set
       version = excluded.version,
       reached = case when known.version = excluded.version then known.reached end,
       is_whole = known.is_whole and known.version = excluded.version
     returning reached, is_whole as "isWhole"`,
    [sourceId, table],
  );
  const [row] = rows;
  return row === undefined || row.isWhole ? undefined : row.reached;
}

async function copyNext(
  client: pg.ClientBase,
  { sourceId, table, statement, stepRows }: Copying,
  from: string | null,
): Promise<{ readonly rows: number; readonly reached: string | undefined }> {
  await client.query('begin');
  try {
    // As in writeTo: the copy has no statistics, and may be empty or huge.
    await client.query(
      `select set_config(name, 'off', true)
       from unnest(array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_bitmapscan', 'enable_material']) as name`,
    );
    const { name, along, alongType } = table;
    const next = await client.query<{ to: string }>(
      `select ${along}::text as to from ${name}
       where source_id = $1 and ($2::text is null or ${along} > $2::${alongType})
       order by ${along} offset ${stepRows - 1} limit 1`,
      [sourceId, from],
    );
    const to = next.rows[0]?.to ?? null;
    const { rowCount } = await client.query(statement, [sourceId, from, to]);
    await client.query(
      `update ${copySchema}.progress set reached = $3::text, is_whole = $3::text is null where source_id = $1 and table_name = $2`,
      [sourceId, name, to],
    );
    await client.query('commit');
    return { rows: rowCount ?? 0, reached: to ?? undefined };
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

// $1 source, $2 after, $3 up to; null is without a bound.
function copyStretch({ name, key, along, alongType }: SplitTable, columns: readonly string[]): string {
  const copied = columns.filter((column) => column !== key && column !== 'source_id');
  return `
insert into ${copyOf(name)} (${columns.join(', ')})
select ${columns.map((column) => `old.${column}`).join(', ')}
from ${name} as old
where old.source_id = $1::integer
  and ($2::text is null or old.${along} > $2::${alongType})
  and ($3::text is null or old.${along} <= $3::${alongType})
  -- A row that conflicts would be locked, and written, even if it is equal.
  and not exists (
    select 1 from ${copyOf(name)} as copy
    where copy.${key} = old.${key} and copy.source_id = $1::integer and copy *= old
  )
on conflict (${key}, source_id) do update set ${copied.map((column) => `${column} = excluded.${column}`).join(', ')}`;
}

/** Sources whose copy is not whole, or not of their version. */
export async function readStaleSources(client: pg.ClientBase): Promise<readonly number[]> {
  const { rows } = await client.query<{ id: number }>(
    `select source.id
     from sources as source
     left join ${copySchema}.progress as progress
       on progress.source_id = source.id and progress.is_whole and progress.version = source.version
     group by source.id
     having count(progress.table_name) < ${splitTables.length}
     order by source.id`,
  );
  return rows.map(({ id }) => id);
}

/**
 * For sources whose copy has another number of rows than they have: rows were deleted by hand. Takes them out of the copy, and has
 * the rest compared again.
 */
export async function forgetDeleted(client: pg.ClientBase, sourceIds: readonly number[]): Promise<void> {
  for (const { name, key } of splitTables)
    await client.query(
      `delete from ${copyOf(name)} as copy
       where source_id = any($1::integer[])
         and not exists (
           select 1 from ${name} as old where old.${key} = copy.${key} and old.source_id = copy.source_id
         )`,
      [sourceIds],
    );
  await client.query(`delete from ${copySchema}.progress where source_id = any($1::integer[])`, [sourceIds]);
}
