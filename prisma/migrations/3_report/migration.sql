-- Schema `report`: what people, BI tools and the API read. Stable: columns are added at the end, never changed or removed, so
-- every view can be replaced in place, with the grants and the views of others that stand on it.
-- Every view and column carries a comment, because schema browsers show them; views have no keys in the catalog, so their
-- comments name them.

create schema if not exists report;
comment on schema report is 'Session History for Veeam Agents: the reporting schema. All times are UTC with microseconds; rates are fractions from 0 to 1.';

-- ── Sessions ───────────────────────────────────────────────────────────────────────────────────────────────────────

-- report.sessions, and what only the query API needs of it: the source's key, which indexes know, and the text of `search`.
create or replace view session_rows as
select
  session.source_id,
  source.name as source,
  session.session_id,
  session.session_name,
  session.kind,
  session.job_type,
  session.job_id,
  session.job_name,
  session.computer,
  session.parent_session_id,
  session.server_id,
  session.server_name,
  session.state,
  session.result,
  session.outcome,
  session.is_final,
  session.is_retry,
  session.created_at,
  session.ended_at,
  extract(epoch from session.ended_at - session.created_at)::double precision as duration_seconds,
  session.progress,
  coalesce(nullif(session.failure_message, ''), session.task_reason) as failure_reason,
  session.processed_bytes,
  session.task_count,
  session.first_seen_at,
  -- Listed sessions are not written poll by poll: while last_seen_at is null, the last complete list showed them.
  coalesce(session.last_seen_at, greatest(session.first_seen_at, source.last_listed_at)) as last_seen_at,
  session.last_changed_at,
  extract(epoch from session.first_seen_at - session.created_at)::double precision as arrival_lag_seconds,
  -- One text for the filter `search`; no name can hold the separator, because XML cannot. A session's name begins with its
  -- job's, and that of a child job ends in its computer's: what is in the text already is not repeated.
  session.session_name
    || case when strpos(session.session_name, session.job_name) > 0 then '' else coalesce(e'\x01' || session.job_name, '') end
    || case when strpos(session.job_name, session.computer) > 0 then '' else coalesce(e'\x01' || session.computer, '') end
    || coalesce(e'\x01' || session.server_name, '') as search_text,
  -- Most are named after their job and the time they were created.
  coalesce(
    not starts_with(session.session_name, session.job_name || '@')
      or translate(substr(session.session_name, length(session.job_name) + 2), '0123456789-:. +TZ', '') <> '',
    true
  ) as is_named_otherwise,
  session.change_number
from sessions as session
join sources as source on source.id = session.source_id;

create or replace view report.sessions as
select
  source,
  session_id,
  session_name,
  kind,
  job_type,
  job_id,
  job_name,
  computer,
  parent_session_id,
  server_id,
  server_name,
  state,
  result,
  outcome,
  is_final,
  is_retry,
  created_at,
  ended_at,
  duration_seconds,
  progress,
  failure_reason,
  processed_bytes,
  task_count,
  first_seen_at,
  last_seen_at,
  last_changed_at,
  arrival_lag_seconds,
  change_number
from session_rows;

comment on view report.sessions is 'Every agent backup session Enterprise Manager ever listed, once, with its last known values: attempts, not runs. Count kind computer for computers and kind job for job runs; together they count twice. Key: source, session_id.';
comment on column report.sessions.source is 'Name of the Enterprise Manager it was read from (EM_NAME).';
comment on column report.sessions.session_id is 'GUID of the session in Enterprise Manager; unique within a source.';
comment on column report.sessions.session_name is 'Name as Enterprise Manager writes it: job name, @, creation time in UTC.';
comment on column report.sessions.kind is 'job: one run of a job. computer: one computer''s part in it. other: a job type this program does not know.';
comment on column report.sessions.job_type is 'Vendor word: AgentBackup, AgentManagement or a later one.';
comment on column report.sessions.job_id is 'GUID of the job. A computer session names its own child job.';
comment on column report.sessions.job_name is 'Name of the job when the session was last read.';
comment on column report.sessions.computer is 'Protected computer, for kind computer: from the task session, else the child job''s name without the parent job''s name, else the child job''s name.';
comment on column report.sessions.parent_session_id is 'Session of the job run this computer session belongs to; it may be unknown to Enterprise Manager.';
comment on column report.sessions.server_id is 'GUID of the Veeam backup server.';
comment on column report.sessions.server_name is 'Name of the Veeam backup server when the session was last read.';
comment on column report.sessions.state is 'Vendor word: Starting, Working, Stopped and others. Null: Enterprise Manager listed the session but never showed its details.';
comment on column report.sessions.result is 'Vendor word: Success, Warning, Failed; None while running.';
comment on column report.sessions.outcome is 'success, warning, failed; running: no final result yet; lost: left Enterprise Manager without one; unknown: a result word this program does not know, or details never shown.';
comment on column report.sessions.is_final is 'Stopped, with a result and an end. A final result can still be corrected later and then is.';
comment on column report.sessions.is_retry is 'A further attempt of the run before it.';
comment on column report.sessions.created_at is 'Start of the session (UTC).';
comment on column report.sessions.ended_at is 'End of the session (UTC); null while running.';
comment on column report.sessions.duration_seconds is 'ended_at minus created_at, in seconds.';
comment on column report.sessions.progress is '0 to 100 as Enterprise Manager says; not a sign of being done.';
comment on column report.sessions.failure_reason is 'The session''s failure message, else the reasons of its tasks, one a line.';
comment on column report.sessions.processed_bytes is 'Sum of its tasks'' sizes in bytes; null until the tasks were read.';
comment on column report.sessions.task_count is 'Number of its tasks; null until they were read.';
comment on column report.sessions.first_seen_at is 'When this program first stored it.';
comment on column report.sessions.last_seen_at is 'When Enterprise Manager last showed it.';
comment on column report.sessions.last_changed_at is 'When its content last changed here.';
comment on column report.sessions.arrival_lag_seconds is 'first_seen_at minus created_at, in seconds: how late it became known.';
comment on column report.sessions.change_number is 'Rises within its source with every commit that changes rows, in the order of the commits: who asks for numbers above the last one seen misses no change. Rows of one commit share a number.';

create or replace view report.session_links as
select
  source.name as source,
  session.parent_session_id,
  session.session_id as child_session_id,
  exists (
    select 1 from sessions as parent
    where parent.source_id = session.source_id and parent.session_id = session.parent_session_id
  ) as parent_known,
  session.created_at
from sessions as session
join sources as source on source.id = session.source_id
where session.parent_session_id is not null;

comment on view report.session_links is 'Which computer session belongs to which job session. Key: source, child_session_id.';
comment on column report.session_links.source is 'Name of the Enterprise Manager.';
comment on column report.session_links.parent_session_id is 'The job session.';
comment on column report.session_links.child_session_id is 'The computer session; has one parent at most.';
comment on column report.session_links.parent_known is 'Whether the parent was ever listed, and so is a row of report.sessions.';
comment on column report.session_links.created_at is 'Start of the child (UTC).';

create or replace view report.tasks as
select
  source.name as source,
  task.task_id,
  task.session_id,
  task.task_name,
  -- The session is looked up only for tasks that do not name the machine themselves.
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
  extract(epoch from task.ended_at - task.created_at)::double precision as duration_seconds,
  task.change_number,
  task.last_changed_at
from tasks as task
join sources as source on source.id = task.source_id;

comment on view report.tasks is 'Per-machine results within the sessions, read once a session is final. Key: source, task_id.';
comment on column report.tasks.source is 'Name of the Enterprise Manager.';
comment on column report.tasks.task_id is 'GUID of the task session.';
comment on column report.tasks.session_id is 'The session it belongs to.';
comment on column report.tasks.task_name is 'Name as Enterprise Manager writes it: machine, @, time in UTC.';
comment on column report.tasks.computer is 'The processed machine.';
comment on column report.tasks.state is 'Vendor word: Pending, InProgress, Completed.';
comment on column report.tasks.result is 'Vendor word: Success, Warning, Failed.';
comment on column report.tasks.reason is 'Text of the warning or failure; null when there is none.';
comment on column report.tasks.total_bytes is 'Size in bytes as Enterprise Manager says; 0 in many versions, so weak ground for growth figures.';
comment on column report.tasks.created_at is 'Start (UTC).';
comment on column report.tasks.ended_at is 'End (UTC).';
comment on column report.tasks.duration_seconds is 'ended_at minus created_at, in seconds.';
comment on column report.tasks.change_number is 'Rises within its source with every commit that changes rows, as in report.sessions.';
comment on column report.tasks.last_changed_at is 'When its content last changed here; null: before version 0.2 kept this.';

-- ── Runs ───────────────────────────────────────────────────────────────────────────────────────────────────────────

create or replace view report.runs as
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
  case when session.is_last_attempt then 1 else all_attempts.attempts end as attempts,
  case when session.is_last_attempt then session.session_id else last.session_id end as last_session_id,
  case
    when session.is_last_attempt then coalesce(nullif(session.failure_message, ''), session.task_reason)
    else last.failure_reason
  end as failure_reason,
  case when session.is_last_attempt then session.change_number else all_attempts.change_number end as change_number,
  case when session.is_last_attempt then session.last_changed_at else all_attempts.last_changed_at end as last_changed_at
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
left join lateral (
  select count(*)::integer as attempts, max(attempt.change_number) as change_number, max(attempt.last_changed_at) as last_changed_at
  from sessions as attempt
  where not session.is_last_attempt
    and attempt.source_id = session.source_id
    and attempt.job_id = session.job_id
    and (attempt.created_at, attempt.session_id) >= (session.created_at, session.session_id)
    and (attempt.created_at, attempt.session_id) <= (last.created_at, last.session_id)
) as all_attempts on true
where session.run_started_at is null;

comment on view report.runs is 'Runs, a row each: a first attempt with its retries, with the outcome of the last one. Count kind computer or kind job; together they count twice. Key: source, session_id.';
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
comment on column report.runs.change_number is 'The greatest of its attempts, as in report.sessions.';
comment on column report.runs.last_changed_at is 'When the content of one of its attempts last changed here.';

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
  least(coalesce(sum(session.processed_bytes), 0), 9223372036854775807)::bigint as processed_bytes_sum,
  (count(*) filter (where session.is_last_attempt and session.outcome = 'unknown'))::integer as unknown
from sessions as session
join sources as source on source.id = session.source_id
-- Sorted by job first within a day: an id is compared in no time, names are compared by the rules of a language.
group by 1, 4, 2, 3, 5, 6;

comment on view report.daily_outcomes is 'Runs a day and job, each counted once: a first attempt with its retries is one run, with the outcome of the last attempt, on the UTC day of the first. Count kind computer or kind job; together they count twice. Key: day, source, server_name, job_id, job_name, kind.';
comment on column report.daily_outcomes.day is 'UTC day on which the first attempts were created.';
comment on column report.daily_outcomes.source is 'Name of the Enterprise Manager.';
comment on column report.daily_outcomes.server_name is 'Name of the Veeam backup server.';
comment on column report.daily_outcomes.job_id is 'GUID of the job.';
comment on column report.daily_outcomes.job_name is 'Name of the job at that time. A job renamed between two attempts of a run has a row under each name; the run counts in that of its last attempt.';
comment on column report.daily_outcomes.kind is 'job, computer or other, as in report.sessions.';
comment on column report.daily_outcomes.total is 'Runs, whatever their outcome: the sum of the six columns of outcomes.';
comment on column report.daily_outcomes.success is 'Runs whose last attempt succeeded.';
comment on column report.daily_outcomes.warning is 'Runs whose last attempt succeeded with warnings.';
comment on column report.daily_outcomes.failed is 'Runs whose last attempt failed.';
comment on column report.daily_outcomes.running is 'Runs whose last attempt has no result yet.';
comment on column report.daily_outcomes.lost is 'Runs whose last attempt left Enterprise Manager without a result.';
comment on column report.daily_outcomes.retries is 'Further attempts, beyond the first of each run.';
comment on column report.daily_outcomes.duration_seconds_sum is 'Sum of the durations of all attempts, in seconds; attempts without an end add nothing.';
comment on column report.daily_outcomes.processed_bytes_sum is 'Sum of the sizes of all attempts, in bytes, as far as tasks were read.';
comment on column report.daily_outcomes.unknown is 'Runs whose last attempt has a result word this program does not know, or details that were never shown.';

create or replace view report.outcomes_by_day as
select
  day,
  kind,
  sum(total) as total,
  sum(success) as success,
  sum(warning) as warning,
  sum(failed) as failed,
  sum(running) as running,
  sum(lost) as lost,
  sum(retries) as retries,
  sum(duration_seconds_sum) as duration_seconds_sum,
  least(sum(processed_bytes_sum), 9223372036854775807)::bigint as processed_bytes_sum,
  sum(unknown) as unknown
from report.daily_outcomes
group by day, kind;

comment on view report.outcomes_by_day is 'Runs a day over all sources, servers and jobs: the sums of report.daily_outcomes, as the dashboard draws them. Key: day, kind.';
comment on column report.outcomes_by_day.day is 'UTC day on which the first attempts were created.';
comment on column report.outcomes_by_day.kind is 'job, computer or other. Count one of them: together they count twice.';
comment on column report.outcomes_by_day.total is 'Runs, whatever their outcome.';
comment on column report.outcomes_by_day.success is 'Runs whose last attempt succeeded.';
comment on column report.outcomes_by_day.warning is 'Runs whose last attempt succeeded with warnings.';
comment on column report.outcomes_by_day.failed is 'Runs whose last attempt failed.';
comment on column report.outcomes_by_day.running is 'Runs whose last attempt has no result yet.';
comment on column report.outcomes_by_day.lost is 'Runs whose last attempt left Enterprise Manager without a result.';
comment on column report.outcomes_by_day.retries is 'Further attempts, beyond the first of each run.';
comment on column report.outcomes_by_day.duration_seconds_sum is 'Sum of the durations of all attempts, in seconds.';
comment on column report.outcomes_by_day.processed_bytes_sum is 'Sum of the sizes of all attempts, in bytes, as far as tasks were read.';
comment on column report.outcomes_by_day.unknown is 'Runs whose last attempt has an unknown outcome.';

-- ── Servers and jobs ───────────────────────────────────────────────────────────────────────────────────────────────

create or replace view report.servers as
select
  source.name as source,
  server.server_id,
  server.server_name,
  server.description,
  server.version,
  server.first_seen_at,
  server.last_seen_at,
  newest.created_at as newest_session_at,
  server.change_number,
  server.last_changed_at
from servers as server
join sources as source on source.id = server.source_id
left join lateral (
  select session.created_at
  from sessions as session
  where session.source_id = server.source_id and session.server_id = server.server_id
  order by session.created_at desc
  limit 1
) as newest on true;

comment on view report.servers is 'Veeam backup servers connected to the Enterprise Managers. A migrated or re-added server has a new id. Key: source, server_id.';
comment on column report.servers.source is 'Name of the Enterprise Manager.';
comment on column report.servers.server_id is 'GUID of the server.';
comment on column report.servers.server_name is 'Name as typed by its administrator.';
comment on column report.servers.description is 'Description, where the account may read servers.';
comment on column report.servers.version is 'Version of Veeam Backup & Replication, where the account may read servers.';
comment on column report.servers.first_seen_at is 'When this program first saw it.';
comment on column report.servers.last_seen_at is 'When Enterprise Manager last showed the server itself.';
comment on column report.servers.newest_session_at is 'Creation time of its newest session: how fresh its data is.';
comment on column report.servers.change_number is 'Rises within its source with every commit that changes rows, as in report.sessions.';
comment on column report.servers.last_changed_at is 'When its content last changed here; null: before version 0.2 kept this.';

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
  recent.success::double precision / nullif(recent.success + recent.failed, 0) as success_rate_30d,
  job.change_number,
  job.last_changed_at
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
    -- A run that began before these days is none of theirs.
    count(*) filter (where run_started_at > now() - interval '720 hours' and outcome in ('success', 'warning')) as success,
    count(*) filter (where run_started_at > now() - interval '720 hours' and outcome = 'failed') as failed
  from (
    select source_id, job_id, outcome, case when is_last_attempt then coalesce(run_started_at, created_at) end as run_started_at
    from sessions
    where created_at > now() - interval '720 hours'
  ) as session
  group by source_id, job_id
) as recent on recent.source_id = job.source_id and recent.job_id = job.job_id;

comment on view report.jobs is 'Agent backup jobs. Kind job: the jobs administrators made; kind computer: Veeam''s own child job for each computer in them. Key: source, job_id.';
comment on column report.jobs.source is 'Name of the Enterprise Manager.';
comment on column report.jobs.job_id is 'GUID of the job.';
comment on column report.jobs.job_name is 'Newest known name.';
comment on column report.jobs.server_name is 'Name of its Veeam backup server.';
comment on column report.jobs.kind is 'job, computer or other, as in report.sessions.';
comment on column report.jobs.platform is 'Vendor word, for example AgentForWindows; null where the account may not read jobs.';
comment on column report.jobs.description is 'Description; null where the account may not read jobs.';
comment on column report.jobs.schedule_enabled is 'Whether its schedule is on; null where the account may not read jobs.';
comment on column report.jobs.next_run_at is 'Next planned run (UTC), where Enterprise Manager says.';
comment on column report.jobs.first_seen_at is 'When this program first saw it.';
comment on column report.jobs.last_session_at is 'Start of its newest session.';
comment on column report.jobs.last_outcome is 'Outcome of its newest run.';
comment on column report.jobs.last_success_at is 'End of its newest run that succeeded, with or without warnings (UTC).';
comment on column report.jobs.sessions_30d is 'Sessions of the last 30 x 24 hours, retries included.';
comment on column report.jobs.success_rate_30d is 'Share of its finished runs of the last 30 x 24 hours that succeeded, with or without warnings: 0 to 1.';
comment on column report.jobs.change_number is 'Rises within its source with every commit that changes rows, as in report.sessions. Figures of 30 days have no number.';
comment on column report.jobs.last_changed_at is 'When its content last changed here; null: before version 0.2 kept this.';

-- ── Computers ──────────────────────────────────────────────────────────────────────────────────────────────────────

create or replace view report.computers as
select
  source.name as source,
  past.computer,
  past.last_session_at,
  past.last_outcome,
  past.last_success_at,
  (extract(epoch from now() - past.last_success_at) / 3600)::double precision as hours_since_success,
  coalesce(recent.sessions, 0)::integer as sessions_30d,
  coalesce(recent.success, 0)::integer as success_30d,
  coalesce(recent.warning, 0)::integer as warning_30d,
  coalesce(recent.failed, 0)::integer as failed_30d,
  (recent.success + recent.warning)::double precision / nullif(recent.success + recent.warning + recent.failed, 0)
    as success_rate_30d,
  recent.avg_duration_seconds as avg_duration_seconds_30d,
  coalesce(past.consecutive_failures, 0) as consecutive_failures,
  past.usual_interval_seconds,
  -- A day, until there are two runs to learn from.
  now() - coalesce(past.last_success_at, past.first_run_at)
    > 2 * make_interval(secs => coalesce(past.usual_interval_seconds, 86400)) as is_overdue,
  past.change_number,
  past.last_changed_at
from (
  select
    source_id, computer, first_run_at, last_session_at, last_outcome, last_success_at, consecutive_failures, usual_interval_seconds,
    change_number, last_changed_at
  from computers
  where not is_stale
  union all
  -- Sessions of these were written and nobody has worked them out yet: done here, once a row.
  select
    source_id, computer, (fresh).first_run_at, (fresh).last_session_at, (fresh).last_outcome, (fresh).last_success_at,
    (fresh).consecutive_failures, (fresh).usual_interval_seconds, change_number, last_changed_at
  from (
    select source_id, computer, summarize_computer(source_id, computer) as fresh, change_number, last_changed_at
    from computers
    where is_stale
  ) as stale
) as past
join sources as source on source.id = past.source_id
left join (
  select
    source_id,
    computer,
    count(*) as sessions,
    -- A run that began before these days is none of theirs.
    count(*) filter (where run_started_at > now() - interval '720 hours' and outcome = 'success') as success,
    count(*) filter (where run_started_at > now() - interval '720 hours' and outcome = 'warning') as warning,
    count(*) filter (where run_started_at > now() - interval '720 hours' and outcome = 'failed') as failed,
    (avg(extract(epoch from ended_at - created_at)))::double precision as avg_duration_seconds
  from (
    select
      source_id, computer, outcome, created_at, ended_at,
      case when is_last_attempt then coalesce(run_started_at, created_at) end as run_started_at
    from sessions
    where kind = 'computer' and computer is not null and created_at > now() - interval '720 hours'
  ) as session
  group by source_id, computer
) as recent on recent.source_id = past.source_id and recent.computer = past.computer
union all
select
  source.name, never.computer, null, null, null, null, 0, 0, 0, 0, null, null, 0, null, true, null, null
from (select distinct source_id, computer from discovered_computers) as never
join sources as source on source.id = never.source_id
where not exists (
  select 1 from computers as computer
  where computer.source_id = never.source_id and lower(computer.computer) = lower(never.computer)
);

comment on view report.computers is 'Every computer that ever had a session or that Enterprise Manager has discovered, with how its backups go. Rates, streaks and last outcomes count runs: a first attempt with its retries is one run. Key: source, computer.';
comment on column report.computers.source is 'Name of the Enterprise Manager.';
comment on column report.computers.computer is 'Name of the computer.';
comment on column report.computers.last_session_at is 'Start of its newest session (UTC); null: never backed up, only discovered.';
comment on column report.computers.last_outcome is 'Outcome of its newest run; null: never backed up.';
comment on column report.computers.last_success_at is 'End of its newest run that succeeded, with or without warnings (UTC); null: never.';
comment on column report.computers.hours_since_success is 'Hours since last_success_at.';
comment on column report.computers.sessions_30d is 'Sessions created in the last 30 x 24 hours, retries included.';
comment on column report.computers.success_30d is 'Runs begun in the last 30 x 24 hours that succeeded.';
comment on column report.computers.warning_30d is 'Runs begun in the last 30 x 24 hours that succeeded with warnings.';
comment on column report.computers.failed_30d is 'Runs begun in the last 30 x 24 hours that failed.';
comment on column report.computers.success_rate_30d is 'Share of success and warning among success, warning and failed of 30 days: 0 to 1; null when there are none.';
comment on column report.computers.avg_duration_seconds_30d is 'Average duration of these sessions as far as they have ended, in seconds.';
comment on column report.computers.consecutive_failures is 'Failed runs since its last success; running and lost ones do not count and break nothing.';
comment on column report.computers.usual_interval_seconds is 'Median time between the starts of its newest 31 runs, in seconds: learned, not configured. Null until there are two.';
comment on column report.computers.is_overdue is 'No success for twice its usual interval (for two days, while that is not known); always true if it was never backed up.';
comment on column report.computers.change_number is 'Rises within its source with every commit that changes rows, as in report.sessions; null: never backed up. Figures of 30 days have no number.';
comment on column report.computers.last_changed_at is 'When what its sessions say of it last changed here; null: never backed up, or before version 0.2 kept this.';

create or replace view report.overdue as
select
  source,
  computer,
  last_session_at,
  last_outcome,
  last_success_at,
  hours_since_success,
  sessions_30d,
  success_30d,
  warning_30d,
  failed_30d,
  success_rate_30d,
  avg_duration_seconds_30d,
  consecutive_failures,
  usual_interval_seconds,
  is_overdue,
  change_number,
  last_changed_at
from report.computers
where is_overdue;

comment on view report.overdue is 'The computers of report.computers that are overdue. Key: source, computer.';

create or replace view report.computer_calendar as
select
  computer.source,
  computer.computer,
  computer.last_session_at,
  computer.last_outcome,
  computer.last_success_at,
  computer.hours_since_success,
  computer.sessions_30d,
  computer.success_30d,
  computer.warning_30d,
  computer.failed_30d,
  computer.success_rate_30d,
  computer.avg_duration_seconds_30d,
  computer.consecutive_failures,
  computer.usual_interval_seconds,
  computer.is_overdue,
  computer.change_number,
  computer.last_changed_at,
  (now() at time zone 'UTC')::date as last_day,
  -- In the select list, the planner puts it after the limit: it is worked out for the rows of a page only.
  (
    select string_agg(coalesce(substr('suwrlf', worst, 1), '-'), '' order by day)
    from (select (now() at time zone 'UTC')::date - back as day from generate_series(0, 89) as back) as calendar
    left join (
      select
        (coalesce(run_started_at, created_at) at time zone 'UTC')::date as day,
        max(
          case outcome when 'failed' then 6 when 'lost' then 5 when 'running' then 4 when 'warning' then 3 when 'success' then 1 else 2 end
        ) as worst
      from sessions
      where source_id = (select id from sources where name = computer.source)
        and kind = 'computer'
        and left(computer, 100) = left(computer.computer, 100)
        and computer = computer.computer
        and is_last_attempt
        and created_at >= ((now() at time zone 'UTC')::date - 89) at time zone 'UTC'
      group by 1
    ) as run using (day)
  ) as outcomes_90d
from report.computers as computer;

comment on view report.computer_calendar is 'The computers of report.computers, each with the outcome of each of its last 90 days. Ask for few computers, or with a limit: the days are worked out for each row. Key: source, computer.';

do $$
declare
  of_view text;
begin
  -- What these views take over from report.computers means the same there.
  foreach of_view in array array['overdue', 'computer_calendar'] loop
    execute (
      select string_agg(
        format('comment on column report.%I.%I is %L', of_view, attname, col_description(attrelid, attnum)), '; ' order by attnum
      )
      from pg_attribute
      where attrelid = 'report.computers'::regclass and attnum > 0
    );
  end loop;
end;
$$;
comment on column report.computer_calendar.last_day is 'The UTC day of the last letter: today.';
comment on column report.computer_calendar.outcomes_90d is 'A letter a UTC day, the oldest first: the worst outcome of the runs that began on it. f failed, l lost, r running, w warning, u unknown, s success, - none.';

create or replace view report.duration_growth as
select
  source,
  computer,
  recent_sessions,
  recent_avg_seconds,
  earlier_avg_seconds,
  recent_avg_seconds / nullif(earlier_avg_seconds, 0) - 1 as growth
from (
  select
    source,
    computer,
    (count(*) filter (where created_at >= now() - interval '7 days'))::integer as recent_sessions,
    avg(duration_seconds) filter (where created_at >= now() - interval '7 days') as recent_avg_seconds,
    avg(duration_seconds) filter (where created_at < now() - interval '7 days') as earlier_avg_seconds
  from report.sessions
  where kind = 'computer'
    and computer is not null
    and outcome in ('success', 'warning')
    and created_at >= now() - interval '35 days'
  group by source, computer
) as computer
where recent_avg_seconds is not null and earlier_avg_seconds > 0;

comment on view report.duration_growth is 'How long the good sessions of a computer take these 7 days, and took the 28 days before. Key: source, computer.';
comment on column report.duration_growth.source is 'Name of the Enterprise Manager.';
comment on column report.duration_growth.computer is 'Name of the computer.';
comment on column report.duration_growth.recent_sessions is 'Sessions of the last 7 x 24 hours that succeeded, with or without warnings.';
comment on column report.duration_growth.recent_avg_seconds is 'Their average duration, in seconds.';
comment on column report.duration_growth.earlier_avg_seconds is 'Average duration of those of the 28 days before, in seconds.';
comment on column report.duration_growth.growth is 'recent_avg_seconds divided by earlier_avg_seconds, minus 1: 0.5 is half as long again.';

-- ── What was read, and what is missing ─────────────────────────────────────────────────────────────────────────────

create or replace view report.sync_runs as
select
  run.run_id,
  source.name as source,
  run.trigger,
  run.form,
  run.status,
  run.started_at,
  run.finished_at,
  run.listed,
  run.new_sessions,
  run.changed,
  run.unchanged,
  run.missing,
  run.requests,
  run.bytes_received,
  run.error_kind,
  run.error_message,
  run.unreadable,
  run.unfetched
from sync_runs as run
join sources as source on source.id = run.source_id;

comment on view report.sync_runs is 'One row for each time an Enterprise Manager was read. Each listed session is counted once: listed = new_sessions + changed + unchanged + unreadable + unfetched + missing. Key: run_id.';
comment on column report.sync_runs.run_id is 'Id of the run.';
comment on column report.sync_runs.source is 'Name of the Enterprise Manager.';
comment on column report.sync_runs.trigger is 'What started it: cli, schedule, api or backfill.';
comment on column report.sync_runs.form is 'How the list was written: entity or reference; delta: only what had changed was asked for.';
comment on column report.sync_runs.status is 'running; succeeded: the whole list was read and stored; failed: see error_kind and error_message.';
comment on column report.sync_runs.started_at is 'Start (UTC).';
comment on column report.sync_runs.finished_at is 'End (UTC); null while running.';
comment on column report.sync_runs.listed is 'Sessions the list showed.';
comment on column report.sync_runs.new_sessions is 'Sessions stored for the first time.';
comment on column report.sync_runs.changed is 'Known sessions whose content had changed.';
comment on column report.sync_runs.unchanged is 'Sessions found as they were; null: not known.';
comment on column report.sync_runs.missing is 'Sessions listed that are not in the database afterwards: 0, or a hole; null: not known.';
comment on column report.sync_runs.requests is 'HTTP requests sent.';
comment on column report.sync_runs.bytes_received is 'Bytes of response bodies received.';
comment on column report.sync_runs.error_kind is 'transient, unauthorized, contract, permanent or interrupted.';
comment on column report.sync_runs.error_message is 'What went wrong and what to do.';
comment on column report.sync_runs.unreadable is 'Listed sessions of which something could not be read: holes, see report.holes.';
comment on column report.sync_runs.unfetched is 'Listed sessions whose details were asked for and did not come: holes, see report.holes; null: not known.';

create or replace view report.coverage as
select
  source.name as source,
  stretch.from_at,
  stretch.to_at,
  stretch.via is not null as is_covered,
  stretch.via,
  stretch.read_at
from coverage as stretch
join sources as source on source.id = stretch.source_id;

comment on view report.coverage is 'Which creation times of sessions were read whole, and which were not: the rows of a source touch and never overlap. Key: source, from_at.';
comment on column report.coverage.source is 'Name of the Enterprise Manager.';
comment on column report.coverage.from_at is 'First creation time (UTC).';
comment on column report.coverage.to_at is 'End (UTC): the next row of the source begins there.';
comment on column report.coverage.is_covered is 'Whether everything created in this time and listed or found then is stored; false: a gap.';
comment on column report.coverage.via is 'list: a list read whole reached back here. query: it was asked for by itself. Null: a gap.';
comment on column report.coverage.read_at is 'When it was last read (UTC); null for a gap.';

create or replace view report.holes as
select
  source.name as source,
  'gap' as kind,
  null::uuid as session_id,
  gap.from_at,
  gap.to_at,
  coalesce(gap.reason, 'Not read yet: no list and no query has covered these creation times.') as reason,
  gap.attempts,
  gap.first_seen_at,
  gap.last_tried_at,
  'gap ' || (extract(epoch from gap.from_at) * 1000000)::numeric(20) as hole_key
from coverage as gap
join sources as source on source.id = gap.source_id
where gap.via is null
union all
select
  source.name,
  hole.kind,
  hole.session_id,
  null,
  null,
  hole.reason,
  hole.attempts,
  hole.first_seen_at,
  hole.last_tried_at,
  hole.kind || ' ' || hole.hole_key
from holes as hole
join sources as source on source.id = hole.source_id
union all
select
  source.name,
  'tasks',
  backlog.session_id,
  null,
  null,
  coalesce(backlog.reason, 'The tasks of the session could not be read.'),
  backlog.attempts,
  coalesce(backlog.first_failed_at, backlog.last_tried_at),
  backlog.last_tried_at,
  'tasks ' || backlog.session_id
from task_backlog as backlog
join sources as source on source.id = backlog.source_id
where backlog.attempts > 0;

comment on view report.holes is 'All that is known not to be stored as it should be. A row goes when the thing is stored, or Enterprise Manager has said that it does not know it. Key: source, hole_key.';
comment on column report.holes.source is 'Name of the Enterprise Manager.';
comment on column report.holes.kind is 'gap: creation times that were not read whole. unreadable: a record that could not be read whole. unfetched: a session whose details did not come. tasks: a session whose tasks could not be read.';
comment on column report.holes.session_id is 'The session, where it is known; null for gaps.';
comment on column report.holes.from_at is 'Gaps: first creation time (UTC).';
comment on column report.holes.to_at is 'Gaps: end (UTC), no longer part of it.';
comment on column report.holes.reason is 'Why it is still a hole, in words.';
comment on column report.holes.attempts is 'How often it was tried in vain since it became a hole.';
comment on column report.holes.first_seen_at is 'When it became known as a hole (UTC).';
comment on column report.holes.last_tried_at is 'When it was last tried (UTC); null: not yet.';
comment on column report.holes.hole_key is 'Tells it from the other holes of the source.';

create or replace view report.source_health as
select
  source.name as source,
  last_run.started_at as last_run_at,
  last_run.status as last_status,
  success.finished_at as last_success_at,
  -- Enterprise Manager lists 30 days: what was created right after the last good run leaves the list 30 days later.
  -- Polls of changes do not count: only a whole list has seen all of it.
  (30 - extract(epoch from now() - whole.started_at) / 86400)::double precision as days_until_loss,
  (
    select count(*) from sessions as session
    where session.source_id = source.id and not session.is_final and session.lost_at is null
  )::integer as unfinished,
  coalesce(counted.missing, 0) as missing,
  (
    select session.created_at from sessions as session
    where session.source_id = source.id order by session.created_at desc limit 1
  ) as newest_session_at,
  source.last_collected_at,
  (
    (select count(*) from coverage as gap where gap.source_id = source.id and gap.via is null)
    + (select count(*) from holes as hole where hole.source_id = source.id)
    + (select count(*) from task_backlog as backlog where backlog.source_id = source.id and backlog.attempts > 0)
  )::integer as holes,
  timeline.covered_from,
  timeline.uncovered_seconds
from sources as source
left join lateral (
  select run.started_at, run.status from sync_runs as run
  where run.source_id = source.id and run.trigger <> 'backfill'
  order by run.started_at desc limit 1
) as last_run on true
left join lateral (
  -- A run under way, or one that broke off, has not counted what is missing.
  select run.missing from sync_runs as run
  where run.source_id = source.id and run.trigger <> 'backfill' and run.missing is not null
  order by run.started_at desc limit 1
) as counted on true
left join lateral (
  select run.started_at, run.finished_at from sync_runs as run
  where run.source_id = source.id and run.status = 'succeeded' and run.trigger <> 'backfill'
  order by run.started_at desc limit 1
) as success on true
left join lateral (
  select run.started_at from sync_runs as run
  where run.source_id = source.id and run.status = 'succeeded' and run.trigger <> 'backfill' and run.form is distinct from 'delta'
  order by run.started_at desc limit 1
) as whole on true
left join lateral (
  select
    min(stretch.from_at) filter (where stretch.via is not null) as covered_from,
    coalesce(sum(extract(epoch from stretch.to_at - stretch.from_at)) filter (where stretch.via is null), 0)::double precision
      as uncovered_seconds
  from coverage as stretch
  where stretch.source_id = source.id
  having count(*) > 0
) as timeline on true;

comment on view report.source_health is 'How every Enterprise Manager stands: is it read, and is everything there? Key: source.';
comment on column report.source_health.source is 'Name of the Enterprise Manager.';
comment on column report.source_health.last_run_at is 'Start of the newest run (UTC).';
comment on column report.source_health.last_status is 'running, succeeded or failed.';
comment on column report.source_health.last_success_at is 'End of the newest run that succeeded (UTC).';
comment on column report.source_health.days_until_loss is 'Days until sessions that were never read begin to leave the 30 days that Enterprise Manager lists; below 0 it has begun; null before the first success.';
comment on column report.source_health.unfinished is 'Sessions without a final result that may still get one.';
comment on column report.source_health.missing is 'Sessions the newest run that could tell saw listed and did not store: 0, or a hole.';
comment on column report.source_health.newest_session_at is 'Start of the newest session (UTC).';
comment on column report.source_health.last_collected_at is 'When Enterprise Manager last collected data from its backup servers, where the account may read it.';
comment on column report.source_health.holes is 'Rows of report.holes.';
comment on column report.source_health.covered_from is 'Earliest creation time that was read whole (UTC); null: none yet.';
comment on column report.source_health.uncovered_seconds is 'Length of all gaps together, in seconds; null: nothing was read yet.';

-- ── Time ───────────────────────────────────────────────────────────────────────────────────────────────────────────

create or replace view report.dim_date as
select
  day::date as day,
  extract(year from day)::integer as year,
  extract(quarter from day)::integer as quarter,
  extract(month from day)::integer as month,
  extract(isoyear from day)::integer as iso_year,
  extract(week from day)::integer as iso_week,
  extract(isodow from day)::integer as day_of_week,
  extract(isodow from day) > 5 as is_weekend,
  date_trunc('month', day)::date as month_start,
  date_trunc('week', day)::date as week_start
from generate_series(timestamp '2010-01-01', (current_date + interval '2 years')::timestamp, interval '1 day') as day;

comment on view report.dim_date is 'One row a day, from 2010 to two years ahead: the date dimension for BI tools. Key: day.';
comment on column report.dim_date.day is 'The day.';
comment on column report.dim_date.year is 'Calendar year.';
comment on column report.dim_date.quarter is '1 to 4.';
comment on column report.dim_date.month is '1 to 12.';
comment on column report.dim_date.iso_year is 'Year the ISO week belongs to.';
comment on column report.dim_date.iso_week is 'ISO week, 1 to 53.';
comment on column report.dim_date.day_of_week is '1 = Monday to 7 = Sunday.';
comment on column report.dim_date.is_weekend is 'Saturday or Sunday.';
comment on column report.dim_date.month_start is 'First day of the month.';
comment on column report.dim_date.week_start is 'Monday of the week.';
