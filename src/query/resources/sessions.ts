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
  to,
  from,
  search,
} from '../filters.ts';
import { order } from '../orders.ts';
import type { Resource } from '../resource.ts';

export const sessions: Resource = {
  name: 'sessions',
  title: 'A backup session, with its last known values',
  relation: 'session_rows',
  labelledRelation: 'labelled_session_rows',
  columns: columns(`
    source text
    session_id uuid
    session_name text
    kind text: ${kinds.join(' ')}
    job_type text?
    job_id uuid?
    job_name text?
    computer text?
    parent_session_id uuid?
    server_id uuid?
    server_name text?
    state text?
    result text?
    outcome text: ${outcomes.join(' ')}
    is_final boolean
    is_retry boolean
    created_at timestamp
    ended_at timestamp?
    duration_seconds double?
    progress integer?
    failure_reason text?
    processed_bytes bigint?
    task_count integer?
    first_seen_at timestamp
    last_seen_at timestamp
    last_changed_at timestamp
    arrival_lag_seconds double
    change_number bigint
    day date
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
    { name: 'created_at', type: 'timestamp' },
    { name: 'source_id', type: 'integer' },
    { name: 'session_id', type: 'uuid' },
  ],
  orders: [
    { field: 'createdAt', isDescendingByDefault: true },
    // No index has these: with a filter on the time they are as fast as that is narrow.
    order('durationSeconds', 'coalesce(duration_seconds, -1)', 'double'),
    order('processedBytes', 'coalesce(processed_bytes, -1)', 'bigint'),
  ],
  prefixIndexed: {
    server_name: {},
    job_name: {},
    computer: {},
    result: { except: 'Success' },
    state: { except: 'Stopped' },
    job_type: { except: 'AgentManagement' },
  },
  selective: ['computer', 'job_id', 'parent_session_id'],
  mergeable: [
    'computer',
    'job_id',
    'job_name',
    'server_name',
    'source',
    'job_type',
    'result',
    'outcome',
    'state',
    'kind',
  ],
  filters: [
    bySource,
    byServer,
    byJob,
    byJobId,
    filter('computer', 'computer', 'text', 'Name of the computer.', 'SQL-BER-30007'),
    byKind,
    filter('outcome', 'outcome', 'text', 'How it ended.', 'failed', { words: outcomes }),
    filter('result', 'result', 'text', "Enterprise Manager's word for how it ended.", 'Failed'),
    filter('state', 'state', 'text', "Enterprise Manager's word for its state.", 'Stopped'),
    filter(
      'jobType',
      'job_type',
      'text',
      "Enterprise Manager's word for its kind of job.",
      'AgentManagement',
    ),
    filter('isRetry', 'is_retry', 'boolean', 'Whether it is a further attempt.', 'false'),
    filter(
      'parentId',
      'parent_session_id',
      'uuid',
      'Id of the job session it belongs to.',
      '5b7d6c0e-3c1f-4f6e-8a55-2d9c1b7e4f02',
    ),
    from('createdFrom', 'created_at', 'timestamp', 'Created at this time or later.', '2026-06-01T00:00:00Z'),
    to('createdTo', 'created_at', 'timestamp', 'Created before this time.', '2026-07-01T00:00:00Z'),
    from('endedFrom', 'ended_at', 'timestamp', 'Ended at this time or later.', '2026-06-01T00:00:00Z'),
    to('endedTo', 'ended_at', 'timestamp', 'Ended before this time.', '2026-07-01T00:00:00Z'),
    byCustomer,
    bySite,
    search('search_text', 'Part of the name of session, job, computer or server, in any case.'),
  ],
  isRelativeToNow: false,
};
