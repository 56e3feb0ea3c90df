import { columns } from '../columns.ts';
import { bySource, filter } from '../filters.ts';
import type { Resource } from '../resource.ts';

/** Labels as they were given; what is on several things of one name is a row each. */
export const labels: Resource = {
  name: 'labels',
  title: 'A label as it was given',
  relation: `(
  select source.name as source,
    coalesce(server.server_name, case when given.scope = 'job' then job.server_name end, '') as server,
    coalesce(job.job_name, '') as job, coalesce(given.computer, '') as computer, label.name, label.value, given.target_key,
    given.labels ->> 'customer' as customer
  from labels as given
  join sources as source on source.id = given.source_id
  left join servers as server
    on given.scope = 'server' and server.source_id = given.source_id and server.server_id = given.target_key
  left join jobs as job on given.scope = 'job' and job.source_id = given.source_id and job.job_id = given.target_key
  cross join lateral jsonb_each_text(given.labels) as label(name, value)
)`,
  columns: columns(`
    source text
    server text
    job text
    computer text
    name text
    value text
  `),
  key: [
    { name: 'source', type: 'text' },
    { name: 'server', type: 'text' },
    { name: 'job', type: 'text' },
    { name: 'computer', type: 'text' },
    { name: 'name', type: 'text' },
    { name: 'target_key', type: 'uuid' },
  ],
  filters: [
    bySource,
    filter(
      'server',
      'server',
      'text',
      'Name of the server; empty where the label is on none.',
      'vbr01.corp.local',
    ),
    filter('job', 'job', 'text', 'Name of the job; empty where the label is on none.', 'Daily servers'),
    filter(
      'computer',
      'computer',
      'text',
      'Name of the computer; empty where the label is on none.',
      'SQL-BER-30007',
    ),
    filter('name', 'name', 'text', 'Name of the label.', 'customer'),
    filter('customer', 'customer', 'text', 'All labels of what has this one `customer` itself.', 'Acme'),
  ],
  isRelativeToNow: false,
};
