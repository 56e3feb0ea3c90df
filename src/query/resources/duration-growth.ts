import { columns } from '../columns.ts';
import { bySource, filter, search } from '../filters.ts';
import { order } from '../orders.ts';
import type { Resource } from '../resource.ts';

export const durationGrowth: Resource = {
  name: 'duration-growth',
  title: 'How long a computer takes these 7 days, and took the 28 days before',
  relation: `(
  select
    source,
    computer,
    recent_sessions,
    recent_avg_seconds,
    earlier_avg_seconds,
    recent_avg_seconds / nullif(earlier_avg_seconds, 0) - 1 as growth
  from (
    select
      source,
      computer,
      (count(*) filter (where created_at >= now() - interval '7 days'))::integer as recent_sessions,
      avg(duration_seconds) filter (where created_at >= now() - interval '7 days') as recent_avg_seconds,
      avg(duration_seconds) filter (where created_at < now() - interval '7 days') as earlier_avg_seconds
    from report.sessions
    where kind = 'computer'
      and computer is not null
      and outcome in ('success', 'warning')
      and created_at >= now() - interval '35 days'
    group by source, computer
  ) as computer
  where recent_avg_seconds is not null and earlier_avg_seconds > 0
)`,
  columns: columns(`
    source text
    computer text
    recent_sessions integer
    recent_avg_seconds double
    earlier_avg_seconds double
    growth double
  `),
  key: [
    { name: 'source', type: 'text' },
    { name: 'computer', type: 'text' },
  ],
  orders: [
    { ...order('growth', 'growth', 'double'), isDescendingByDefault: true },
    order('recentAvgSeconds', 'recent_avg_seconds', 'double'),
  ],
  filters: [
    bySource,
    filter('computer', 'computer', 'text', 'Its name.', 'SQL-BER-30007'),
    search('computer', 'Part of its name, in any case.'),
  ],
  isRelativeToNow: true,
};
