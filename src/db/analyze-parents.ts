import type { Database } from './open-database.ts';

/** A table has grown by this share since its statistics were gathered: they are gathered anew, as autovacuum does by default. */
const grownBy = 0.1;

/**
 * Statistics of partitioned tables, which questions over all sources are planned by: autovacuum gathers those of the partitions only.
 * Costs a look into the catalog when there is nothing to do. Two processes at once do not wait for each other. Never throws.
 */
export async function analyzeParents({ pool }: Pick<Database, 'pool'>): Promise<void> {
  try {
    const { rows } = await pool.query<{ name: string }>(
      `select parent.oid::regclass::text as name
       from pg_class as parent
       cross join lateral (
         select sum(greatest(part.reltuples, 0)) as rows
         from pg_inherits join pg_class as part on part.oid = inhrelid
         where inhparent = parent.oid
       ) as parts
       where parent.relkind = 'p' and parent.relnamespace = current_schema()::regnamespace
         and parts.rows > greatest(parent.reltuples, 0) * (1 + $1::double precision)`,
      [grownBy],
    );
    for (const { name } of rows) await pool.query(`analyze (skip_locked) ${name}`);
  } catch {
    // The next run gathers them.
  }
}
