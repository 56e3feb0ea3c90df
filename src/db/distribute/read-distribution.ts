import type pg from 'pg';

/** Over how many tables on how many servers each distributed table of the history lies. */
export type Distribution = {
  readonly shards: number;
  readonly workers: number;
  /** Tables whose rows still lie on the coordinator as well, where nobody sees them. */
  readonly leftOver: readonly string[];
};

/** Undefined for a history that is not distributed. */
export async function readDistribution(
  client: Pick<pg.ClientBase, 'query'>,
): Promise<Distribution | undefined> {
  const { rows: extension } = await client.query(
    `select 1 from pg_extension where extname = 'citus' and to_regclass('sources') is not null`,
  );
  if (extension.length === 0) return undefined;
  const { rows } = await client.query<Distribution>(
    `select
       count(shard.shardid)::integer as shards,
       (
         select count(distinct nodename || ':' || nodeport)
         from pg_dist_shard_placement where shardid in (select shardid from pg_dist_shard where logicalrelid = 'sources'::regclass)
       )::integer as workers,
       array(
         select logicalrelid::text from pg_dist_partition
         where partmethod = 'h' and pg_relation_size(logicalrelid) > 0 order by 1
       ) as "leftOver"
     from pg_dist_shard as shard
     where shard.logicalrelid = 'sources'::regclass
     having count(shard.shardid) > 0`,
  );
  return rows[0];
}
