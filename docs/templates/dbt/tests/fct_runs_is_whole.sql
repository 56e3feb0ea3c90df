-- The incremental table holds what the view holds, for the last 35 days. Rows of sessions written since the build are newer than it.
with seen as (
  select source_key, max(change_number) as change_number
  from {{ ref('fct_runs') }}
  group by source_key
),
expected as (
  select run.source_key, run.session_id, run.outcome, run.attempts
  from {{ ref('stg_runs') }} as run
  join seen on seen.source_key = run.source_key and run.change_number <= seen.change_number
  where run.day > current_date - 35
),
kept as (
  select source_key, session_id, outcome, attempts
  from {{ ref('fct_runs') }}
  where day > current_date - 35
)
(select 'missing' as what, * from expected except select 'missing', * from kept)
union all
(select 'too many' as what, * from kept except select 'too many', * from expected)
