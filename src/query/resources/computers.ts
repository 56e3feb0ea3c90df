import { columns } from '../columns.ts';
import { outcomes, filter, bySource, byServer, byCustomer, bySite, search } from '../filters.ts';
import { never, order } from '../orders.ts';
import type { Resource } from '../resource.ts';

const computerColumns = columns(`
  source text
  computer text
  last_session_at timestamp?
  last_outcome text?: ${outcomes.join(' ')}
  last_success_at timestamp?
  hours_since_success double?
  sessions_30d integer
  success_30d integer
  warning_30d integer
  failed_30d integer
  success_rate_30d double?
  avg_duration_seconds_30d double?
  consecutive_failures integer
  usual_interval_seconds double?
  is_overdue boolean
  change_number bigint?
  last_changed_at timestamp?
  server_id uuid?
  server_name text?
  policy_id uuid?
  policy_name text?
  customer text?
  site text?
  expected_by timestamp?
  missed_last_expected boolean
  is_muted boolean
  max_age_hours double?
  source_key text
  server_key text?
  job_key text?
  computer_key text
`);

export const computers: Resource = {
  name: 'computers',
  title: 'A computer, and how its backups go',
  relation: 'report.computers',
  columns: computerColumns,
  key: [
    { name: 'source', type: 'text' },
    { name: 'computer', type: 'text' },
  ],
  orders: [
    { field: 'source', isDescendingByDefault: false },
    order('computer', 'computer', 'text'),
    order('lastSessionAt', `coalesce(last_session_at, ${never})`, 'timestamp'),
    order('lastSuccessAt', `coalesce(last_success_at, ${never})`, 'timestamp'),
    order('sessions30d', 'sessions_30d', 'integer'),
    order('failed30d', 'failed_30d', 'integer'),
    order('successRate30d', 'coalesce(success_rate_30d, -1)', 'double'),
    order('expectedBy', `coalesce(expected_by, ${never})`, 'timestamp'),
    order('avgDurationSeconds30d', 'coalesce(avg_duration_seconds_30d, -1)', 'double'),
    order('consecutiveFailures', 'consecutive_failures', 'integer'),
  ],
  filters: [
    bySource,
    filter('computer', 'computer', 'text', 'Its name.', 'SQL-BER-30007'),
    filter('outcome', 'last_outcome', 'text', 'How its newest run ended.', 'failed', { words: outcomes }),
    filter(
      'isOverdue',
      'is_overdue',
      'boolean',
      'Whether it had no success for twice its usual interval.',
      'true',
    ),
    filter(
      'missedLastExpected',
      'missed_last_expected',
      'boolean',
      'Whether its next good run should have ended by now, and did not.',
      'true',
    ),
    filter('isMuted', 'is_muted', 'boolean', 'Whether a label muted_until lies ahead.', 'false'),
    byServer,
    byCustomer,
    bySite,
    search('computer', 'Part of its name, in any case.'),
  ],
  isRelativeToNow: true,
};
