import { columns } from '../columns.ts';
import { filter, bySource, from, to } from '../filters.ts';
import type { Resource } from '../resource.ts';

export const syncRuns: Resource = {
  name: 'sync-runs',
  title: 'A time an Enterprise Manager was read, and what came of it',
  relation: 'report.sync_runs',
  columns: columns(`
    run_id uuid
    source text
    trigger text: cli schedule api backfill
    form text?: entity reference delta
    status text: running succeeded failed
    started_at timestamp
    finished_at timestamp?
    listed integer
    new_sessions integer
    changed integer
    unchanged integer?
    missing integer?
    requests integer
    bytes_received bigint
    error_kind text?
    error_message text?
    unreadable integer
    unfetched integer?
    source_key text
  `),
  key: [
    { name: 'started_at', type: 'timestamp' },
    { name: 'run_id', type: 'uuid' },
  ],
  orders: [{ field: 'startedAt', isDescendingByDefault: true }],
  filters: [
    bySource,
    filter('status', 'status', 'text', 'How it stands.', 'failed', {
      words: ['running', 'succeeded', 'failed'],
    }),
    filter('trigger', 'trigger', 'text', 'What started it.', 'api', {
      words: ['cli', 'schedule', 'api', 'backfill'],
    }),
    from('startedFrom', 'started_at', 'timestamp', 'Started at this time or later.', '2026-06-01T00:00:00Z'),
    to('startedTo', 'started_at', 'timestamp', 'Started before this time.', '2026-07-01T00:00:00Z'),
  ],
  isRelativeToNow: false,
};
