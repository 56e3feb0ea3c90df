import { columns } from '../columns.ts';
import { byCustomer, byKind, byServer, bySource, filter, from, kinds, to } from '../filters.ts';
import type { Resource } from '../resource.ts';

export const dailyTotals: Resource = {
  name: 'daily-totals',
  title: 'The runs of a server, policy and customer that began on a day',
  // Keys are never null.
  relation: `(
    select *, coalesce(server_id::text, '') as of_server, coalesce(policy_id::text, '') as of_policy,
      coalesce('=' || customer, '') as of_customer
    from report.daily_totals
  )`,
  columns: columns(`
    day date
    source text
    server_id uuid?
    server_name text?
    policy_id uuid?
    policy_name text?
    kind text: ${kinds.join(' ')}
    customer text?
    total integer
    success integer
    warning integer
    failed integer
    running integer
    lost integer
    unknown integer
    retries integer
    duration_seconds_sum double
    processed_bytes_sum bigint
    source_key text
    server_key text?
    policy_key text?
  `),
  key: [
    { name: 'day', type: 'date' },
    { name: 'source', type: 'text' },
    { name: 'of_server', type: 'text' },
    { name: 'of_policy', type: 'text' },
    { name: 'kind', type: 'text' },
    { name: 'of_customer', type: 'text' },
  ],
  orders: [{ field: 'day', isDescendingByDefault: true }],
  filters: [
    bySource,
    byServer,
    filter('policy', 'policy_name', 'text', 'Name of the job that administrators made.', 'Daily servers'),
    byKind,
    byCustomer,
    from('dayFrom', 'day', 'date', 'This day (UTC) or later.', '2026-06-01'),
    to('dayTo', 'day', 'date', 'Before this day (UTC).', '2026-07-01'),
  ],
  isRelativeToNow: false,
};
