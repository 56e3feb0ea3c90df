import { columns } from '../columns.ts';
import { bySource, byCustomer, bySite, filter, search } from '../filters.ts';
import { order } from '../orders.ts';
import type { Resource } from '../resource.ts';

export const durationGrowth: Resource = {
  name: 'duration-growth',
  title: 'How long a computer takes these 7 days, and took the 28 days before',
  // Keys are never null.
  relation: `(
    select *, coalesce('=' || customer, '') as of_customer, coalesce('=' || site, '') as of_site from report.duration_growth
  )`,
  columns: columns(`
    source text
    computer text
    recent_sessions integer
    recent_avg_seconds double
    earlier_avg_seconds double
    growth double
    customer text?
    site text?
    source_key text
    computer_key text
  `),
  key: [
    { name: 'source', type: 'text' },
    { name: 'computer', type: 'text' },
    { name: 'of_customer', type: 'text' },
    { name: 'of_site', type: 'text' },
  ],
  orders: [
    { ...order('growth', 'growth', 'double'), isDescendingByDefault: true },
    order('recentAvgSeconds', 'recent_avg_seconds', 'double'),
  ],
  filters: [
    bySource,
    filter('computer', 'computer', 'text', 'Its name.', 'SQL-BER-30007'),
    byCustomer,
    bySite,
    search('computer', 'Part of its name, in any case.'),
  ],
  isRelativeToNow: true,
};
