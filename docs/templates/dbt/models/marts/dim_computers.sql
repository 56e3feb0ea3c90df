select
  *,
  case
    when is_muted then 'muted'
    when last_success_at is null then 'never'
    when missed_last_expected then 'missed'
    when is_overdue then 'overdue'
    else 'ok'
  end as state
from {{ ref('stg_computers') }}
