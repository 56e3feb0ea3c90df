import { columns } from '../columns.ts';
import { bySource, filter } from '../filters.ts';
import type { Resource } from '../resource.ts';

export const holes: Resource = {
  name: 'holes',
  title: 'Something that is known not to be stored as it should be',
  relation: 'report.holes',
  columns: columns(`
    source text
    kind text: gap unreadable unfetched tasks
    session_id uuid?
    from_at timestamp?
    to_at timestamp?
    reason text
    attempts integer
    first_seen_at timestamp
    last_tried_at timestamp?
    hole_key text
    next_try_at timestamp?
    kept_text text?
  `),
  key: [
    { name: 'first_seen_at', type: 'timestamp' },
    { name: 'source', type: 'text' },
    { name: 'hole_key', type: 'text' },
  ],
  orders: [{ field: 'firstSeenAt', isDescendingByDefault: true }],
  filters: [
    bySource,
    filter('kind', 'kind', 'text', 'What is missing.', 'gap', {
      words: ['gap', 'unreadable', 'unfetched', 'tasks'],
    }),
    filter(
      'sessionId',
      'session_id',
      'uuid',
      'The session it is about.',
      '0c5e4d9b-0f8a-4a5c-9d35-6a2c1f0e7a11',
    ),
  ],
  isRelativeToNow: false,
};
