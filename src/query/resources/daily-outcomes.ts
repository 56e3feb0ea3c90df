import { columns } from '../columns.ts';
import { kinds, bySource, byServer, byJob, byJobId, byKind, from, to } from '../filters.ts';
import type { Resource } from '../resource.ts';

export const dailyOutcomes: Resource = {
  name: 'daily-outcomes',
  title: 'The runs of a job that began on a day',
  // Keys are never null, and tell null from an empty name.
  relation: `(
    select *, coalesce('=' || server_name, '') as server_key, coalesce(job_id::text, '') as job_key,
      coalesce('=' || job_name, '') as job_name_key
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
  `),
  key: [
    { name: 'day', type: 'date' },
    { name: 'source', type: 'text' },
    { name: 'job_name_key', type: 'text' },
    { name: 'job_key', type: 'text' },
    { name: 'kind', type: 'text' },
    { name: 'server_key', type: 'text' },
  ],
  orders: [{ field: 'day', isDescendingByDefault: true }],
  filters: [
    bySource,
    byServer,
    byJob,
    byJobId,
    byKind,
    from('dayFrom', 'day', 'date', 'This day (UTC) or later.', '2026-06-01'),
    to('dayTo', 'day', 'date', 'Before this day (UTC).', '2026-07-01'),
  ],
  isRelativeToNow: false,
};
