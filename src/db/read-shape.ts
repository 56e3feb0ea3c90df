import type pg from 'pg';
import { readDistribution, type Distribution } from './distribute/read-distribution.ts';
import { copySchema } from './partition/split-tables.ts';

/** Over how many tables the history lies. */
export type Shape = {
  /** Of each table that grows with every poll: 1, or the number of partitions. */
  readonly partitions: number;
  /** The number of partitions of a copy that was begun and is not finished; null: there is none. */
  readonly begun: number | null;
  /** Undefined: everything lies on one server. */
  readonly distribution: Distribution | undefined;
};

/** What `status --json` says of it. */
export type Storage =
  | { readonly kind: 'plain' }
  | { readonly kind: 'partitioned'; readonly partitions: number }
  | { readonly kind: 'distributed'; readonly shards: number; readonly workers: number };

export async function readShape(client: Pick<pg.ClientBase, 'query'>): Promise<Shape> {
  const { rows } = await client.query<Omit<Shape, 'distribution'>>(
    `select
       greatest((select count(*) from pg_inherits where inhparent = to_regclass('sessions')), 1)::integer as partitions,
       (
         select greatest((select count(*) from pg_inherits where inhparent = copy.oid), 1)::integer
         from pg_class as copy
         where copy.relname = 'sessions' and copy.relnamespace = to_regnamespace($1)
       ) as begun`,
    [copySchema],
  );
  return { ...(rows[0] ?? { partitions: 1, begun: null }), distribution: await readDistribution(client) };
}

export function storageOf({ partitions, distribution }: Shape): Storage {
  if (distribution !== undefined)
    return { kind: 'distributed', shards: distribution.shards, workers: distribution.workers };
  return partitions === 1 ? { kind: 'plain' } : { kind: 'partitioned', partitions };
}

/** For people; undefined where there is nothing to say. `isWhole`: nothing of it was begun and not finished. */
export function describeShape({
  partitions,
  begun,
  distribution,
}: Shape): { readonly text: string; readonly isWhole: boolean } | undefined {
  if (distribution !== undefined) {
    const { shards, workers, leftOver } = distribution;
    const text = `all tables by source: distributed with ${shards} shards on ${workers} worker${workers === 1 ? '' : 's'}`;
    if (leftOver.length === 0) return { text, isWhole: true };
    return {
      text: `${text}; former rows of ${leftOver.join(', ')} still take room on the coordinator: \`migrate --distribute\` drops them`,
      isWhole: false,
    };
  }
  if (partitions === 1 && begun === null) return undefined;
  const text = `sessions, tasks and sync_runs: ${partitions === 1 ? 'one table each' : `${partitions} partitions each, by hash of their source`}`;
  if (begun === null) return { text, isWhole: true };
  return {
    text:
      `${text}; a copy in ${begun === 1 ? 'one table' : `${begun} partitions`} is under way or was cut short: \`migrate --partition ${begun}\` goes on with it, ` +
      `\`migrate --partition ${partitions}\` throws it away`,
    isWhole: false,
  };
}
