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
create or replace function past_of_computer(of_source integer, of_computer text)
returns table (
  first_run_at timestamptz,
  last_session_at timestamptz,
  last_outcome text,
  last_success_at timestamptz,
  consecutive_failures integer,
  usual_interval_seconds double precision,
  expected_by timestamptz,
  last_job_id uuid,
  last_server_id uuid
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
      session.created_at, session.session_id, session.is_last_attempt, session.outcome, session.ended_at, session.job_id, session.server_id,
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
    select created_at, job_id, server_id from own order by created_at desc, session_id desc limit 1
  ),
  newest as (
    select outcome from run order by created_at desc, session_id desc limit 1
  ),
  oldest as (
    select started_at from run order by created_at, session_id limit 1
  ),
  success as (
    select created_at, session_id, started_at from run
    where outcome in ('success', 'warning')
    order by created_at desc, session_id desc
    limit 1
  ),
  latest as materialized (
    select
      started_at, outcome,
      extract(epoch from ended_at - started_at)::double precision as duration,
      extract(epoch from lead(started_at) over (order by started_at) - started_at)::double precision as gap
    from (select started_at, ended_at, outcome from run order by created_at desc, session_id desc limit 31) as newest_runs
  ),
  habit as materialized (
    select
      (percentile_cont(0.5) within group (order by gap) filter (where gap > 0))::double precision as interval,
      (percentile_cont(0.9) within group (order by duration) filter (where outcome in ('success', 'warning')))::double precision as duration
    from latest
  ),
  -- After this hour, or this weekday, it may always rest longer: over a night, over a weekend. The shortest of two such rests,
  -- so that one missed backup does not become a habit.
  rest as materialized (
    select min(latest.gap) as gap
    from success, habit, latest
    where latest.gap > 0
      and least(
        abs(extract(epoch from success.started_at - latest.started_at) - case when habit.interval > 43200 then 604800 else 86400 end),
        abs(extract(epoch from success.started_at - latest.started_at) - case when habit.interval > 43200 then 1209600 else 172800 end)
      ) <= habit.interval / 4
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
    habit.interval,
    -- The next good run begins an interval (or a rest) after the last one, takes as long as most do, and may be late by an eighth
    -- of the interval: from one hour to six.
    coalesce((select started_at from success), (select started_at from oldest), newest_session.created_at)
      + make_interval(secs => greatest(coalesce(habit.interval, 86400), (select gap from rest))
        + greatest(3600, least(coalesce(habit.interval, 86400) / 8, 21600), 1.5 * coalesce(habit.duration, 0))),
    newest_session.job_id,
    newest_session.server_id
  from newest_session, habit
$$;

-- ── Totals of days ─────────────────────────────────────────────────────────────────────────────────────────────────

-- The stated rule: table daily_totals must equal it, but for the days in stale_days. Each run counts once, on the UTC day of its
-- first attempt. All zeros stand for a server or a policy that is not known. The customer is that of the computers' own labels only:
-- labels of policies, servers and sources are looked up when asked for.
create or replace view daily_totals_rule as
select
  session.source_id,
  (coalesce(session.run_started_at, session.created_at) at time zone 'UTC')::date as day,
  coalesce(session.server_id, '00000000-0000-0000-0000-000000000000') as server_id,
  coalesce(job.policy_id, '00000000-0000-0000-0000-000000000000') as policy_id,
  session.kind,
  coalesce(label.customer, '') as customer,
  (count(*) filter (where session.is_last_attempt))::integer as total,
  (count(*) filter (where session.is_last_attempt and session.outcome = 'success'))::integer as success,
  (count(*) filter (where session.is_last_attempt and session.outcome = 'warning'))::integer as warning,
  (count(*) filter (where session.is_last_attempt and session.outcome = 'failed'))::integer as failed,
  (count(*) filter (where session.is_last_attempt and session.outcome = 'running'))::integer as running,
  (count(*) filter (where session.is_last_attempt and session.outcome = 'lost'))::integer as lost,
  (count(*) filter (where session.is_last_attempt and session.outcome = 'unknown'))::integer as unknown,
  count(session.run_started_at)::integer as retries,
  coalesce(sum(extract(epoch from session.ended_at - session.created_at)), 0)::double precision as duration_seconds_sum,
  coalesce(sum(session.processed_bytes), 0) as processed_bytes_sum
from sessions as session
left join jobs as job on job.source_id = session.source_id and job.job_id = session.job_id
left join labels as label
  on label.source_id = session.source_id and label.scope = 'computer' and label.computer = session.computer
group by 1, 2, 3, 4, 5, 6;

-- The totals of one day, worked out from its sessions: through their index, however many days there are.
create or replace function totals_of_day(of_source integer, of_day date)
returns setof daily_totals
language sql stable rows 50
set jit = off
set enable_seqscan = off
security definer
as $$ select * from daily_totals_rule where source_id = of_source and day = of_day $$;

do $$
begin
  -- Temporary tables of whoever asks come last, or they could stand in for these.
  execute format('alter function past_of_computer(integer, text) set search_path = %I, pg_temp', current_schema());
  execute format('alter function totals_of_day(integer, date) set search_path = %I, pg_temp', current_schema());
  -- Up to PostgreSQL 14 everybody may make tables here.
  execute format('revoke create on schema %I from public', current_schema());
end;
$$;
