import { columns } from '../columns.ts';
import { bySource, filter, from, to } from '../filters.ts';
import type { Resource } from '../resource.ts';

export const coverage: Resource = {
  name: 'coverage',
  title: 'A span of creation times, and whether it was read whole',
  relation: 'report.coverage',
  columns: columns(`
    source text
    from_at timestamp
    to_at timestamp
    is_covered boolean
    via text?: list query
    read_at timestamp?
    source_key text
  `),
  key: [
    { name: 'from_at', type: 'timestamp' },
    { name: 'source', type: 'text' },
  ],
  orders: [{ field: 'fromAt', isDescendingByDefault: true }],
  filters: [
    bySource,
    filter('isCovered', 'is_covered', 'boolean', 'Whether it was read whole; false: gaps.', 'false'),
    from('from', 'to_at', 'timestamp', 'Ends at this time or later.', '2026-06-01T00:00:00Z'),
    to('to', 'from_at', 'timestamp', 'Begins before this time.', '2026-07-01T00:00:00Z'),
  ],
  isRelativeToNow: false,
};
