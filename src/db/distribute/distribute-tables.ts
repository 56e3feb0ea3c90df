import type pg from 'pg';
import { refuseOrExplain } from './explain-refusal.ts';

/** A table that is to be distributed, and its column that names the source. Rows and bytes are PostgreSQL's estimates. */
export type UndistributedTable = {
  readonly name: string;
  readonly column: 'id' | 'source_id';
  readonly rows: number;
  readonly bytes: number;
};

/**
 * Tables that name a source and are not distributed, `sources` first: the others are laid beside it. Everything else - keys of the API, the
 * id of the history, the books of migrations, the queue - stays on the coordinator.
 */
export async function readUndistributed(client: pg.ClientBase): Promise<readonly UndistributedTable[]> {
  const { rows } = await client.query<UndistributedTable>(
    `select class.relname as name, case class.relname when 'sources' then 'id' else 'source_id' end as column,
       greatest(class.reltuples, 0)::double precision as rows, pg_total_relation_size(class.oid)::double precision as bytes
     from pg_class as class
     where class.relnamespace = current_schema()::regnamespace
       and class.relkind = 'r'
       and (
         class.relname = 'sources'
         or exists (select 1 from pg_attribute where attrelid = class.oid and attname = 'source_id' and not attisdropped)
       )
       and not exists (select 1 from pg_dist_partition where logicalrelid = class.oid)
     order by class.relname <> 'sources', pg_total_relation_size(class.oid)`,
  );
  return rows;
}

/** Lays a table and its rows over the workers. Beside `sources`, a source's rows of all tables lie on one worker. */
export async function distributeTable(
  client: pg.ClientBase,
  { name, column }: Pick<UndistributedTable, 'name' | 'column'>,
  /** Of `sources`, which decides for all. */
  shards = 0,
): Promise<void> {
  const options = column === 'id' ? 'shard_count => $3::integer, colocate_with => $4' : 'colocate_with => $3';
  const values = column === 'id' ? [name, column, shards, 'none'] : [name, column, 'sources'];
  try {
    await client.query(`select create_distributed_table(quote_ident($1)::regclass, $2, ${options})`, values);
  } catch (error) {
    throw refuseOrExplain(error, name);
  }
}

/** After a migration of a distributed history: what it added is distributed, too. */
export async function distributeNewTables(client: pg.ClientBase): Promise<void> {
  for (const table of await readUndistributed(client)) await distributeTable(client, table);
}
