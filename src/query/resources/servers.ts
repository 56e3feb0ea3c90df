import { columns } from '../columns.ts';
import { bySource, byServer, byCustomer, bySite, search } from '../filters.ts';
import type { Resource } from '../resource.ts';

export const servers: Resource = {
  name: 'servers',
  title: 'A Veeam backup server',
  relation: 'report.servers',
  columns: columns(`
    source text
    server_id uuid
    server_name text
    description text?
    version text?
    first_seen_at timestamp
    last_seen_at timestamp
    newest_session_at timestamp?
    change_number bigint
    last_changed_at timestamp?
    customer text?
    site text?
    source_key text
    server_key text
  `),
  key: [
    { name: 'source', type: 'text' },
    { name: 'server_name', type: 'text' },
    { name: 'server_id', type: 'uuid' },
  ],
  filters: [bySource, byServer, byCustomer, bySite, search('server_name', 'Part of its name, in any case.')],
  isRelativeToNow: false,
};
