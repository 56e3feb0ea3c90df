-- The rules that are stated in SQL once, for the views of schema `report` and the statements of src/db.

-- ── Runs: a first attempt and its retries ──────────────────────────────────────────────────────────────────────────

-- The stated rule: `run_started_at` and `is_last_attempt` of every session must equal it, and `migrate --rebuild` goes back to
-- it. The first known session of a job begins a run, even if it is a retry: its first attempt is not known.
create or replace view session_attempts as
select
  source_id,
  session_id,
  case
    when not begins_run
      then max(created_at) filter (where begins_run) over (partition by source_id, job_id order by created_at, session_id)
  end as run_started_at,
  job_id is null or not coalesce(next_is_retry, false) as is_last_attempt
from (
  select
    source_id,
    session_id,
    job_id,
    created_at,
    job_id is null or not is_retry or lag(session_id) over job_in_time is null as begins_run,
    lead(is_retry) over job_in_time as next_is_retry
  from sessions
  window job_in_time as (partition by source_id, job_id order by created_at, session_id)
) as session;

-- ── Computers ──────────────────────────────────────────────────────────────────────────────────────────────────────

-- The key of a name: names are as long as they like, an index entry is not.
create or replace function computer_key(computer text) returns uuid language sql stable as
  $$ select encode(substring(sha256(convert_to(computer, 'UTF8')) for 16), 'hex')::uuid $$;

-- What the past of a computer says, from its newest runs: the columns of table `computers`. No rows: it has no session.
create or replace function summarize_computer(of_source integer, of_computer text)
returns table (
  first_run_at timestamptz,
  last_session_at timestamptz,
  last_outcome text,
  last_success_at timestamptz,
  consecutive_failures integer,
  usual_interval_seconds double precision
)
-- With a setting of its own it stays a function: inlined into a view, it would look so expensive that PostgreSQL compiles the
-- query, which takes longer than running it.
language sql stable rows 1
set jit = off
-- Readers of the views may read schema `report` only, and functions run as who asks. What it tells is in the views anyway.
security definer
as $$
  with own as not materialized (
    select
      session.created_at, session.session_id, session.is_last_attempt, session.outcome, session.ended_at,
      coalesce(session.run_started_at, session.created_at) as started_at
    from sessions as session
    where left(session.computer, 100) = left(of_computer, 100)
      and session.computer = of_computer
      and session.source_id = of_source
      and session.kind = 'computer'
  ),
  run as not materialized (
    select * from own where is_last_attempt
  ),
  newest_session as (
    select created_at from own order by created_at desc limit 1
  ),
  newest as (
    select outcome from run order by created_at desc, session_id desc limit 1
  ),
  oldest as (
    select started_at from run order by created_at, session_id limit 1
  ),
  success as (
    select created_at, session_id from run
    where outcome in ('success', 'warning')
    order by created_at desc, session_id desc
    limit 1
  )
  select
    coalesce((select started_at from oldest), newest_session.created_at),
    newest_session.created_at,
    (select outcome from newest),
    -- An earlier run may have ended later; none takes a week.
    (
      select max(run.ended_at) from run, success
      where run.outcome in ('success', 'warning') and run.created_at >= success.created_at - interval '7 days'
    ),
    (
      select count(*)::integer from run left join success on true
      where run.outcome = 'failed'
        and (success.session_id is null or (run.created_at, run.session_id) > (success.created_at, success.session_id))
    ),
    (
      select (percentile_cont(0.5) within group (order by gap) filter (where gap > 0))::double precision
      from (
        select extract(epoch from started_at - lag(started_at) over (order by started_at)) as gap
        from (select started_at from run order by created_at desc, session_id desc limit 31) as latest
      ) as gaps
    )
  from newest_session
$$;

do $$
begin
  -- Temporary tables of whoever asks come last, or they could stand in for these.
  execute format('alter function summarize_computer(integer, text) set search_path = %I, pg_temp', current_schema());
  -- Up to PostgreSQL 14 everybody may make tables here.
  execute format('revoke create on schema %I from public', current_schema());
end;
$$;
