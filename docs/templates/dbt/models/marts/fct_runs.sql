{{
  config(
    materialized='incremental',
    unique_key=['source_key', 'session_id'],
    incremental_strategy='delete+insert',
    on_schema_change='append_new_columns',
    post_hook="
      delete from {{ this }} as kept
      using {{ source('report', 'sessions') }} as retry
      where retry.is_retry
        and retry.source_key = kept.source_key
        and retry.session_id = kept.session_id
        and not exists (
          select 1 from {{ source('report', 'runs') }} as run
          where run.source = retry.source and run.session_id = retry.session_id
        )"
  )
}}
-- change_number rises within its source with every commit, whatever changed a run: a late arrival, a correction, a retry. Numbers above
-- the newest one read miss nothing. A retry whose first attempt was not known is a run of its own until that arrives: the post-hook then
-- takes its row away. A label changes no row: `dbt run --full-refresh` after customers were relabelled, or join fct_runs
-- to dim_computers for the labels of today.
select
  run.*,
  -- One column that tells a run from all others.
  run.source_key || ':' || run.session_id as run_key,
  run.outcome in ('success', 'warning') as is_success,
  run.outcome in ('success', 'warning', 'failed') as is_decided
from {{ ref('stg_runs') }} as run
{% if is_incremental() %}
left join (
  select source_key, max(change_number) as change_number
  from {{ this }}
  group by source_key
) as seen on seen.source_key = run.source_key
where run.change_number > coalesce(seen.change_number, 0)
{% endif %}
