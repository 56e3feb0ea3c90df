import type pg from 'pg';
import { copySchema } from './split-tables.ts';

/** Over how many tables the history of sessions lies: 1, or the number of partitions. */
export type Shape = {
  readonly partitions: number;
  /** The number of partitions of a copy that was begun and is not finished; null: there is none. */
  readonly begun: number | null;
};

export async function readShape(client: Pick<pg.ClientBase, 'query'>): Promise<Shape> {
  const { rows } = await client.query<Shape>(
    `select
       greatest((select count(*) from pg_inherits where inhparent = to_regclass('sessions')), 1)::integer as partitions,
       (
         select greatest((select count(*) from pg_inherits where inhparent = copy.oid), 1)::integer
         from pg_class as copy
         where copy.relname = 'sessions' and copy.relnamespace = to_regnamespace($1)
       ) as begun`,
    [copySchema],
  );
  return rows[0] ?? { partitions: 1, begun: null };
}

/** For people. */
export function describeShape({ partitions, begun }: Shape): string {
  const shape =
    partitions === 1 ? 'one table each' : `${partitions} partitions each, by hash of their source`;
  return (
    `sessions, tasks and sync_runs: ${shape}` +
    (begun === null
      ? ''
      : `; a copy in ${begun === 1 ? 'one table' : `${begun} partitions`} is under way or was cut short: \`migrate --partition ${begun}\` goes on with it, ` +
        `\`migrate --partition ${partitions}\` throws it away`)
  );
}
