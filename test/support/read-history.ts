import type { TestDatabase } from './test-database.ts';

/** What differs each time it is asked for. */
const ofTheMoment = ['hours_since_success', 'days_until_loss'];

/** Sums of fractions depend on the order of their rows in the last digits; a little more, lest some stand halfway between two. */
const fraction = /(?<=": )-?\d+\.\d+(?:e[+-]?\d+)?(?=[,}])/g;
const round = (number: string) => (Number(number) * (1 + 1e-11)).toPrecision(9);

/** Every row of every view of schema `report`, and of the tables that the views sum up, as text in order. */
export async function readHistory({ query }: TestDatabase): Promise<readonly string[]> {
  const views = await query<{ name: string }>(
    `select format('report.%I', table_name) as name from information_schema.views where table_schema = 'report' and table_name <> 'dim_date'
     union all
     select name from unnest(array['sessions', 'tasks', 'sync_runs', 'session_attempts', 'daily_totals_rule']) as name
     order by 1`,
  );
  const history: string[] = [];
  for (const { name } of views) {
    const rows = await query<{ row: string }>(
      // A worker of a distributed history does not know the type of a view's row.
      `with one as materialized (select * from ${name}) select (to_jsonb(one) - $1::text[])::text as row from one`,
      [ofTheMoment],
    );
    history.push(...rows.map(({ row }) => `${name} ${row.replaceAll(fraction, round)}`));
  }
  return history.sort();
}
