import { columns } from '../columns.ts';
import {
  kinds,
  bySource,
  byServer,
  byJob,
  byJobId,
  byKind,
  byCustomer,
  bySite,
  from,
  to,
} from '../filters.ts';
import type { Resource } from '../resource.ts';

export const dailyOutcomes: Resource = {
  name: 'daily-outcomes',
  title: 'The runs of a job that began on a day',
  // Keys are never null, and tell null from an empty name.
  relation: `(
    select *, coalesce('=' || server_name, '') as of_server, coalesce(server_id::text, '') as of_server_id,
      coalesce(job_id::text, '') as of_job_id, coalesce('=' || job_name, '') as of_job, coalesce('=' || computer, '') as of_computer
    from report.daily_outcomes
  )`,
  columns: columns(`
    day date
    source text
    server_name text?
    job_id uuid?
    job_name text?
    kind text: ${kinds.join(' ')}
    total integer
    success integer
    warning integer
    failed integer
    running integer
    lost integer
    retries integer
    duration_seconds_sum double
    processed_bytes_sum bigint
    unknown integer
    server_id uuid?
    computer text?
    policy_id uuid?
    policy_name text?
    customer text?
    site text?
    source_key text
    server_key text?
    job_key text?
    computer_key text?
  `),
  key: [
    { name: 'day', type: 'date' },
    { name: 'source', type: 'text' },
    { name: 'of_job', type: 'text' },
    { name: 'of_job_id', type: 'text' },
    { name: 'kind', type: 'text' },
    { name: 'of_server', type: 'text' },
    { name: 'of_server_id', type: 'text' },
    { name: 'of_computer', type: 'text' },
  ],
  orders: [{ field: 'day', isDescendingByDefault: true }],
  filters: [
    bySource,
    byServer,
    byJob,
    byJobId,
    byKind,
    byCustomer,
    bySite,
    from('dayFrom', 'day', 'date', 'This day (UTC) or later.', '2026-06-01'),
    to('dayTo', 'day', 'date', 'Before this day (UTC).', '2026-07-01'),
  ],
  isRelativeToNow: false,
};
