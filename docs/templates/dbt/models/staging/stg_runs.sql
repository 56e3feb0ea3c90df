-- Runs of computers: a first attempt with its retries, and the outcome of the last of them.
select
  source_key,
  session_id,
  source,
  computer_key,
  computer,
  job_key,
  server_key,
  policy_id,
  policy_name,
  customer,
  site,
  day,
  started_at,
  ended_at,
  duration_seconds,
  outcome,
  attempts,
  failure_reason,
  change_number,
  last_changed_at
from {{ source('report', 'runs') }}
where kind = 'computer'
