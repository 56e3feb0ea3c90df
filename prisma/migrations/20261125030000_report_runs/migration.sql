-- Runs as rows of their own, for questions that daily_outcomes is too coarse for: local days, single computers, made good or not.
-- And figures put right where attempts of one run lie under several names, or where good runs of a job overlap.

-- ── Runs ───────────────────────────────────────────────────────────────────────────────────────────────────────────

create view report.runs as
select
  source.name as source,
  session.session_id,
  session.kind,
  session.job_id,
  session.job_name,
  session.computer,
  session.server_id,
  session.server_name,
  -- The same as created_at for whatever begins a run; written so, the index on the day of runs serves it.
  (coalesce(session.run_started_at, session.created_at) at time zone 'UTC')::date as day,
  session.created_at as started_at,
  case when session.is_last_attempt then session.ended_at else last.ended_at end as ended_at,
  extract(epoch from case when session.is_last_attempt then session.ended_at else last.ended_at end - session.created_at)::double precision
    as duration_seconds,
  case when session.is_last_attempt then session.outcome else last.outcome end as outcome,
  case
    when session.is_last_attempt then 1
    else (
      select count(*)::integer
      from sessions as attempt
      where attempt.source_id = session.source_id
        and attempt.job_id = session.job_id
        and (attempt.created_at, attempt.session_id) >= (session.created_at, session.session_id)
        and (attempt.created_at, attempt.session_id) <= (last.created_at, last.session_id)
    )
  end as attempts,
  case when session.is_last_attempt then session.session_id else last.session_id end as last_session_id,
  case
    when session.is_last_attempt then coalesce(nullif(session.failure_message, ''), session.task_reason)
    else last.failure_reason
  end as failure_reason
from sessions as session
join sources as source on source.id = session.source_id
left join lateral (
  -- The first last attempt from here on is this run's.
  select attempt.created_at, attempt.session_id, attempt.ended_at, attempt.outcome,
    coalesce(nullif(attempt.failure_message, ''), attempt.task_reason) as failure_reason
  from sessions as attempt
  where not session.is_last_attempt
    and attempt.source_id = session.source_id
    and attempt.job_id = session.job_id
    and (attempt.created_at, attempt.session_id) > (session.created_at, session.session_id)
    and attempt.is_last_attempt
  order by attempt.created_at, attempt.session_id
  limit 1
) as last on true
where session.run_started_at is null;

comment on column report.runs.source is 'Name of the Enterprise Manager.';
comment on column report.runs.session_id is 'The session that was its first attempt.';
comment on column report.runs.kind is 'job, computer or other, as in report.sessions.';
comment on column report.runs.job_id is 'GUID of the job.';
comment on column report.runs.job_name is 'Name of the job at the first attempt.';
comment on column report.runs.computer is 'Protected computer, for kind computer.';
comment on column report.runs.server_id is 'GUID of the Veeam backup server.';
comment on column report.runs.server_name is 'Name of the Veeam backup server at the first attempt.';
comment on column report.runs.day is 'UTC day of started_at. For local days: (started_at at time zone ''Europe/Berlin'')::date.';
comment on column report.runs.started_at is 'Start of the first attempt (UTC).';
comment on column report.runs.ended_at is 'End of the last attempt (UTC); null while it has none.';
comment on column report.runs.duration_seconds is 'ended_at minus started_at, in seconds: with the waiting between attempts.';
comment on column report.runs.outcome is 'Outcome of the last attempt: success, warning, failed, running, lost or unknown.';
comment on column report.runs.attempts is 'Number of its sessions: 1, and one more for each retry.';
comment on column report.runs.last_session_id is 'The session that was its last attempt.';
comment on column report.runs.failure_reason is 'failure_reason of the last attempt.';

-- ── A computer's newest session is one of its runs, unless a later attempt went under another name ───────────────────

create or replace function summarize_computer(of_source integer, of_computer text)
returns table (
  first_run_at timestamptz,
  last_session_at timestamptz,
  last_outcome text,
  last_success_at timestamptz,
  consecutive_failures integer,
  usual_interval_seconds double precision
)
language sql stable rows 1
set jit = off
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
  -- Replaced functions lose their settings.
  execute format('alter function summarize_computer(integer, text) set search_path = %I, pg_temp', current_schema());
end;
$$;
update computers set is_stale = true
where exists (
  select from sessions as session
  where session.source_id = computers.source_id
    and session.computer = computers.computer
    and session.kind = 'computer'
    and not session.is_last_attempt
    and session.created_at > computers.last_session_at
);

-- ── A job's last success is when the newest good run ended, as a computer's is ──────────────────────────────────────

create or replace view report.jobs as
select
  source.name as source,
  job.job_id,
  job.job_name,
  job.server_name,
  job.kind,
  job.platform,
  job.description,
  job.schedule_enabled,
  job.next_run_at,
  job.first_seen_at,
  newest.created_at as last_session_at,
  newest.outcome as last_outcome,
  success.ended_at as last_success_at,
  coalesce(recent.sessions, 0) as sessions_30d,
  recent.success::double precision / nullif(recent.success + recent.failed, 0) as success_rate_30d
from jobs as job
join sources as source on source.id = job.source_id
left join lateral (
  -- No session is newer than its job's newest run.
  select session.created_at, session.outcome
  from sessions as session
  where session.source_id = job.source_id and session.job_id = job.job_id
  order by session.created_at desc, session.session_id desc
  limit 1
) as newest on true
left join lateral (
  select max(session.ended_at)::timestamptz(6) as ended_at
  from sessions as session
  where session.source_id = job.source_id
    and session.job_id = job.job_id
    and session.outcome in ('success', 'warning')
    and session.is_last_attempt
    -- An earlier run may have ended later; none takes a week.
    and session.created_at >= (
      select good.created_at
      from sessions as good
      where good.source_id = job.source_id
        and good.job_id = job.job_id
        and good.outcome in ('success', 'warning')
        and good.is_last_attempt
      order by good.created_at desc
      limit 1
    ) - interval '7 days'
) as success on true
left join (
  select
    source_id,
    job_id,
    count(*) as sessions,
    count(*) filter (where in_time and outcome in ('success', 'warning')) as success,
    count(*) filter (where in_time and outcome = 'failed') as failed
  from sessions
  cross join lateral (
    select is_last_attempt and coalesce(run_started_at, created_at) > now() - interval '720 hours' as in_time
  ) as run
  where created_at > now() - interval '720 hours'
  group by source_id, job_id
) as recent on recent.source_id = job.source_id and recent.job_id = job.job_id;

comment on column report.jobs.last_success_at is 'End of its newest run that succeeded, with or without warnings (UTC).';

-- ── The same figures, sorted by what is told apart at once ─────────────────────────────────────────────────────────
-- Rows of a day are sorted by job first: an id is compared in no time, names are compared by the rules of a language.

create or replace view report.daily_outcomes as
select
  (coalesce(session.run_started_at, session.created_at) at time zone 'UTC')::date as day,
  source.name as source,
  session.server_name,
  session.job_id,
  session.job_name,
  session.kind,
  (count(*) filter (where session.is_last_attempt))::integer as total,
  (count(*) filter (where session.is_last_attempt and session.outcome = 'success'))::integer as success,
  (count(*) filter (where session.is_last_attempt and session.outcome = 'warning'))::integer as warning,
  (count(*) filter (where session.is_last_attempt and session.outcome = 'failed'))::integer as failed,
  (count(*) filter (where session.is_last_attempt and session.outcome = 'running'))::integer as running,
  (count(*) filter (where session.is_last_attempt and session.outcome = 'lost'))::integer as lost,
  count(session.run_started_at)::integer as retries,
  coalesce(sum(extract(epoch from session.ended_at - session.created_at)), 0)::double precision as duration_seconds_sum,
  -- Enterprise Manager has been seen to state sizes near the largest number there is.
  least(coalesce(sum(session.processed_bytes), 0), 9223372036854775807)::bigint as processed_bytes_sum
from sessions as session
join sources as source on source.id = session.source_id
group by 1, 4, 2, 3, 5, 6;

-- ── Tasks look for their session only where they do not name the machine themselves ────────────────────────────────

create or replace view report.tasks as
select
  source.name as source,
  task.task_id,
  task.session_id,
  task.task_name,
  coalesce(
    task.machine,
    (
      select session.computer from sessions as session
      where session.source_id = task.source_id and session.session_id = task.session_id
    )
  ) as computer,
  task.state,
  task.result,
  nullif(task.reason, '') as reason,
  task.total_bytes,
  task.created_at,
  task.ended_at,
  extract(epoch from task.ended_at - task.created_at)::double precision as duration_seconds
from tasks as task
join sources as source on source.id = task.source_id;

-- ── Views have no keys in the catalog, so their comments name them ─────────────────────────────────────────────────

comment on view report.sessions is 'Every agent backup session Enterprise Manager ever listed, once, with its last known values: attempts, not runs. Count kind computer for computers and kind job for job runs; together they count twice. Key: source, session_id.';
comment on view report.runs is 'Runs, a row each: a first attempt with its retries, with the outcome of the last one. Count kind computer or kind job; together they count twice. Key: source, session_id.';
comment on view report.session_links is 'Which computer session belongs to which job session. Key: source, child_session_id.';
comment on view report.tasks is 'Per-machine results within the sessions, read once a session is final. Key: source, task_id.';
comment on view report.jobs is 'Agent backup jobs. Kind job: the jobs administrators made; kind computer: Veeam''s own child job for each computer in them. Key: source, job_id.';
comment on view report.computers is 'Every computer that ever had a session or that Enterprise Manager has discovered, with how its backups go. Rates, streaks and last outcomes count runs: a first attempt with its retries is one run. Key: source, computer.';
comment on view report.daily_outcomes is 'Runs a day and job, each counted once: a first attempt with its retries is one run, with the outcome of the last attempt, on the UTC day of the first. Count kind computer or kind job; together they count twice. Key: day, source, server_name, job_id, job_name, kind.';
comment on column report.daily_outcomes.job_name is 'Name of the job at that time. A job renamed between two attempts of a run has a row under each name; the run counts in that of its last attempt.';
comment on view report.servers is 'Veeam backup servers connected to the Enterprise Managers. A migrated or re-added server has a new id. Key: source, server_id.';
comment on view report.sync_runs is 'One row for each time an Enterprise Manager was read. Key: run_id.';
comment on view report.source_health is 'How every Enterprise Manager stands: is it read, and is everything there? Key: source.';
comment on view report.dim_date is 'One row a day, from 2010 to two years ahead: the date dimension for BI tools. Key: day.';

-- ── From nothing, beside those who write ───────────────────────────────────────────────────────────────────────────

create or replace function rebuild_figures() returns void language plpgsql
-- All sessions are sorted once.
set work_mem = '256MB'
set jit = off
as $$
begin
  -- Writers take their source first and sessions after it. In any other order they and this would wait for each other.
  lock table sources in exclusive mode;
  lock table sessions in share row exclusive mode;
  update sessions as session
  set run_started_at = attempt.run_started_at, is_last_attempt = attempt.is_last_attempt
  from session_attempts as attempt
  where session.source_id = attempt.source_id
    and session.session_id = attempt.session_id
    and (session.run_started_at, session.is_last_attempt) is distinct from (attempt.run_started_at, attempt.is_last_attempt);
  delete from computers;
  insert into computers (source_id, computer_key, computer)
  select source_id, computer_key(computer), computer
  from (select source_id, computer from sessions where kind = 'computer' and computer is not null group by source_id, computer) as known;
  analyze computers;
  perform settle_computers(id, 2147483647) from sources;
end;
$$;
