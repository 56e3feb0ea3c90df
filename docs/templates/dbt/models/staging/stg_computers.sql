select
  computer_key,
  source,
  computer,
  customer,
  site,
  policy_name,
  server_name,
  last_success_at,
  hours_since_success,
  max_age_hours,
  is_overdue,
  missed_last_expected,
  is_muted,
  consecutive_failures
from {{ source('report', 'computers') }}
