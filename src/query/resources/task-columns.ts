import { columns } from '../columns.ts';

/** The tasks of a session; only shown with it. */
export const taskColumns = columns(`
  source text
  task_id uuid
  session_id uuid
  task_name text
  computer text?
  state text?
  result text?
  reason text?
  total_bytes bigint?
  created_at timestamp?
  ended_at timestamp?
  duration_seconds double?
  change_number bigint
  last_changed_at timestamp?
  customer text?
  site text?
  source_key text
  job_key text?
  computer_key text?
`);
