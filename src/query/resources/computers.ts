import { columns } from '../columns.ts';
import { outcomes, filter, bySource, search } from '../filters.ts';
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
    search('computer', 'Part of its name, in any case.'),
  ],
  isRelativeToNow: true,
};
