import { columns } from '../columns.ts';
import {
  kinds,
  outcomes,
  filter,
  bySource,
  byServer,
  byJob,
  byJobId,
  byKind,
  byCustomer,
  bySite,
  search,
} from '../filters.ts';
import { never, order } from '../orders.ts';
import type { Resource } from '../resource.ts';

export const jobs: Resource = {
  name: 'jobs',
  title: 'A backup job',
  relation: 'report.jobs',
  columns: columns(`
    source text
    job_id uuid
    job_name text
    server_name text?
    kind text: ${kinds.join(' ')}
    platform text?
    description text?
    schedule_enabled boolean?
    next_run_at timestamp?
    first_seen_at timestamp
    last_session_at timestamp?
    last_outcome text?: ${outcomes.join(' ')}
    last_success_at timestamp?
    sessions_30d integer
    success_rate_30d double?
    change_number bigint
    last_changed_at timestamp?
    server_id uuid?
    policy_id uuid?
    policy_name text?
    customer text?
    site text?
    source_key text
    server_key text?
    job_key text
  `),
  key: [
    { name: 'source', type: 'text' },
    { name: 'job_name', type: 'text' },
    { name: 'job_id', type: 'uuid' },
  ],
  orders: [
    { field: 'source', isDescendingByDefault: false },
    order('jobName', 'job_name', 'text'),
    order('lastSessionAt', `coalesce(last_session_at, ${never})`, 'timestamp'),
    order('lastSuccessAt', `coalesce(last_success_at, ${never})`, 'timestamp'),
    order('sessions30d', 'sessions_30d', 'integer'),
    order('successRate30d', 'coalesce(success_rate_30d, -1)', 'double'),
  ],
  filters: [
    bySource,
    byServer,
    byJob,
    byJobId,
    byKind,
    filter('outcome', 'last_outcome', 'text', 'How its newest run ended.', 'failed', { words: outcomes }),
    byCustomer,
    bySite,
    search('job_name', 'Part of its name, in any case.'),
  ],
  isRelativeToNow: true,
};
