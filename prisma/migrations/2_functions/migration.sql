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

-- What the past of each computer says, from its newest runs: the columns of table `computers`. No row: it has no session. A view,
-- and no function: a distributed PostgreSQL asks each shard for its own computers. Each look reads along an index and no
-- further than it must, so that a question about few computers costs little.
create or replace view computer_pasts as
select
  computer.source_id,
  computer.computer_key,
  computer.computer,
  computer.is_stale,
  computer.change_number,
  computer.last_changed_at,
  coalesce(oldest.started_at, newest.created_at) as first_run_at,
  newest.created_at as last_session_at,
  latest.outcomes[1] as last_outcome,
  since.last_success_at,
  since.consecutive_failures,
  latest.interval as usual_interval_seconds,
  -- The next good run begins an interval (or a rest) after the last one, takes as long as most do, and may be late by an eighth
  -- of the interval: from one hour to six.
  -- Ends that were said to lie thousands of years ahead lead past the last year that most programs know.
  least(
    coalesce(success.started_at, oldest.started_at, newest.created_at)
      + make_interval(secs => greatest(coalesce(latest.interval, 86400), rest.gap)
        + greatest(3600, least(coalesce(latest.interval, 86400) / 8, 21600), 1.5 * coalesce(latest.duration, 0))),
    timestamptz '9999-12-31 23:59:59.999999+00'
  ) as expected_by,
  newest.job_id as last_job_id,
  newest.server_id as last_server_id
from computers as computer
cross join lateral (
  select session.created_at, session.job_id, session.server_id
  from sessions as session
  where session.source_id = computer.source_id
    and left(session.computer, 100) = left(computer.computer, 100)
    and session.computer = computer.computer
    and session.kind = 'computer'
  order by session.created_at desc, session.session_id desc
  limit 1
) as newest
left join lateral (
  select coalesce(session.run_started_at, session.created_at) as started_at
  from sessions as session
  where session.source_id = computer.source_id
    and left(session.computer, 100) = left(computer.computer, 100)
    and session.computer = computer.computer
    and session.kind = 'computer'
    and session.is_last_attempt
  order by session.created_at, session.session_id
  limit 1
) as oldest on true
left join lateral (
  select session.created_at, session.session_id, coalesce(session.run_started_at, session.created_at) as started_at
  from sessions as session
  where session.source_id = computer.source_id
    and left(session.computer, 100) = left(computer.computer, 100)
    and session.computer = computer.computer
    and session.kind = 'computer'
    and session.is_last_attempt
    and session.outcome in ('success', 'warning')
  order by session.created_at desc, session.session_id desc
  limit 1
) as success on true
left join lateral (
  -- An earlier run may have ended later than the newest good one; none takes a week.
  select
    max(session.ended_at) filter (where session.outcome in ('success', 'warning')) as last_success_at,
    (count(*) filter (
      where session.outcome = 'failed'
        and (success.session_id is null or (session.created_at, session.session_id) > (success.created_at, success.session_id))
    ))::integer as consecutive_failures
  from sessions as session
  where session.source_id = computer.source_id
    and left(session.computer, 100) = left(computer.computer, 100)
    and session.computer = computer.computer
    and session.kind = 'computer'
    and session.is_last_attempt
    and session.created_at >= coalesce(success.created_at - interval '7 days', '-infinity')
) as since on true
left join lateral (
  select
    (percentile_cont(0.5) within group (order by run.gap) filter (where run.gap > 0))::double precision as interval,
    (percentile_cont(0.9) within group (order by run.duration) filter (where run.outcome in ('success', 'warning')))::double precision as duration,
    array_agg(run.outcome order by run.created_at desc, run.session_id desc) as outcomes,
    array_agg(run.started_at) as starts,
    array_agg(run.gap) as gaps
  from (
    select *,
      extract(epoch from ended_at - started_at)::double precision as duration,
      extract(epoch from lead(started_at) over (order by started_at) - started_at)::double precision as gap
    from (
      select session.created_at, session.session_id, session.ended_at, session.outcome,
        coalesce(session.run_started_at, session.created_at) as started_at
      from sessions as session
      where session.source_id = computer.source_id
        and left(session.computer, 100) = left(computer.computer, 100)
        and session.computer = computer.computer
        and session.kind = 'computer'
        and session.is_last_attempt
      order by session.created_at desc, session.session_id desc
      limit 31
    ) as newest_runs
  ) as run
) as latest on true
left join lateral (
  -- After this hour, or this weekday, it may always rest longer: over a night, over a weekend. The shortest of two such rests,
  -- so that one missed backup does not become a habit.
  select min(rested.gap) as gap
  from unnest(latest.starts, latest.gaps) as rested(started_at, gap)
  where rested.gap > 0
    and least(
      abs(extract(epoch from success.started_at - rested.started_at) - case when latest.interval > 43200 then 604800 else 86400 end),
      abs(extract(epoch from success.started_at - rested.started_at) - case when latest.interval > 43200 then 1209600 else 172800 end)
    ) <= latest.interval / 4
) as rest on true;

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

do $$
begin
  -- Up to PostgreSQL 14 everybody may make tables here.
  execute format('revoke create on schema %I from public', current_schema());
end;
$$;
