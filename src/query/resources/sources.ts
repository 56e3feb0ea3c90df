import { columns } from '../columns.ts';
import { byCustomer, bySite, bySource } from '../filters.ts';
import type { Resource } from '../resource.ts';

export const sources: Resource = {
  name: 'sources',
  title: 'An Enterprise Manager, and how it stands',
  relation: 'report.source_health',
  columns: columns(`
    source text
    last_run_at timestamp?
    last_status text?: running succeeded failed
    last_success_at timestamp?
    days_until_loss double?
    unfinished integer
    missing integer
    newest_session_at timestamp?
    last_collected_at timestamp?
    holes integer
    covered_from timestamp?
    uncovered_seconds double?
    customer text?
    site text?
    source_key text
    covered_to timestamp?
  `),
  key: [{ name: 'source', type: 'text' }],
  filters: [bySource, byCustomer, bySite],
  isRelativeToNow: true,
};
