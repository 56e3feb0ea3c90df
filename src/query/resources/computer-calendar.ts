import { columns } from '../columns.ts';
import type { Resource } from '../resource.ts';
import { computers } from './computers.ts';

const days = 90;

/**
 * A computer's last days, a letter a day: the worst outcome of the runs that began on it. Read for the rows of a page only: the
 * planner puts a subquery of the select list after the limit.
 */
export const computerCalendar: Resource = {
  ...computers,
  name: 'computer-calendar',
  title: 'A computer, and the outcome of each of its last 90 days',
  relation: `(
  select
    computer.*,
    (now() at time zone 'UTC')::date as last_day,
    (
      select string_agg(coalesce(substr('suwrlf', worst, 1), '-'), '' order by day)
      from generate_series(0, ${days - 1}) as back
      cross join lateral (select (now() at time zone 'UTC')::date - back as day) as calendar
      left join (
        select
          (coalesce(run_started_at, created_at) at time zone 'UTC')::date as day,
          max(
            case outcome when 'failed' then 6 when 'lost' then 5 when 'running' then 4 when 'warning' then 3 when 'success' then 1 else 2 end
          ) as worst
        from sessions
        where source_id = (select id from sources where name = computer.source)
          and kind = 'computer'
          and left(computer, 100) = left(computer.computer, 100)
          and computer = computer.computer
          and is_last_attempt
          and created_at >= ((now() at time zone 'UTC')::date - ${days - 1}) at time zone 'UTC'
        group by 1
      ) as run using (day)
    ) as outcomes_90d
  from report.computers as computer
)`,
  columns: [
    ...computers.columns,
    ...columns(`
      last_day date
      outcomes_90d text
    `),
  ],
};
