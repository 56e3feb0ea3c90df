-- Schema `report`: what people, BI tools and the API read. Stable: columns are added, never changed or removed.
-- Every view and column carries a comment, because schema browsers show them.

create schema report;
comment on schema report is 'Session History for Veeam Agents: the reporting schema. All times are UTC with microseconds; rates are fractions from 0 to 1.';

create view report.sessions as
select
  source.name as source,
  session.session_id,
  session.session_name,
  session.kind,
  session.job_type,
  session.job_id,
  session.job_name,
  session.computer,
  link.parent_session_id,
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
  extract(epoch from session.first_seen_at - session.created_at)::double precision as arrival_lag_seconds
from sessions as session
join sources as source on source.id = session.source_id
left join session_links as link
  on link.source_id = session.source_id and link.child_session_id = session.session_id;

comment on view report.sessions is 'Every agent backup session Enterprise Manager ever listed, once, with its last known values. Count kind computer for computers and kind job for job runs; together they count twice.';
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

create view report.session_links as
select
  source.name as source,
  link.parent_session_id,
  link.child_session_id,
  parent.session_id is not null as parent_known
from session_links as link
join sources as source on source.id = link.source_id
left join sessions as parent
  on parent.source_id = link.source_id and parent.session_id = link.parent_session_id;

comment on view report.session_links is 'Which computer session belongs to which job session.';
comment on column report.session_links.source is 'Name of the Enterprise Manager.';
comment on column report.session_links.parent_session_id is 'The job session.';
comment on column report.session_links.child_session_id is 'The computer session; has one parent at most.';
comment on column report.session_links.parent_known is 'Whether the parent was ever listed, and so is a row of report.sessions.';

create view report.tasks as
select
  source.name as source,
  task.task_id,
  task.session_id,
  task.task_name,
  coalesce(task.machine, session.computer) as computer,
  task.state,
  task.result,
  nullif(task.reason, '') as reason,
  task.total_bytes,
  task.created_at,
  task.ended_at,
  extract(epoch from task.ended_at - task.created_at)::double precision as duration_seconds
from tasks as task
join sources as source on source.id = task.source_id
left join sessions as session
  on session.source_id = task.source_id and session.session_id = task.session_id;

comment on view report.tasks is 'Per-machine results within the sessions, read once a session is final.';
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

create view report.servers as
select
  source.name as source,
  server.server_id,
  server.server_name,
  server.description,
  server.version,
  server.first_seen_at,
  server.last_seen_at,
  newest.created_at as newest_session_at
from servers as server
join sources as source on source.id = server.source_id
left join lateral (
  select session.created_at
  from sessions as session
  where session.source_id = server.source_id and session.server_id = server.server_id
  order by session.created_at desc
  limit 1
) as newest on true;

comment on view report.servers is 'Veeam backup servers connected to the Enterprise Managers. A migrated or re-added server has a new id.';
comment on column report.servers.source is 'Name of the Enterprise Manager.';
comment on column report.servers.server_id is 'GUID of the server.';
comment on column report.servers.server_name is 'Name as typed by its administrator.';
comment on column report.servers.description is 'Description, where the account may read servers.';
comment on column report.servers.version is 'Version of Veeam Backup & Replication, where the account may read servers.';
comment on column report.servers.first_seen_at is 'When this program first saw it.';
comment on column report.servers.last_seen_at is 'When Enterprise Manager last showed the server itself.';
comment on column report.servers.newest_session_at is 'Creation time of its newest session: how fresh its data is.';

create view report.jobs as
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
  recent.success_rate as success_rate_30d
from jobs as job
join sources as source on source.id = job.source_id
left join lateral (
  select session.created_at, session.outcome
  from sessions as session
  where session.source_id = job.source_id and session.job_id = job.job_id
  order by session.created_at desc, session.session_id desc
  limit 1
) as newest on true
left join lateral (
  select session.ended_at
  from sessions as session
  where session.source_id = job.source_id and session.job_id = job.job_id and session.outcome in ('success', 'warning')
  order by session.created_at desc
  limit 1
) as success on true
left join lateral (
  -- A run's outcome is that of its last attempt: the one followed by no retry.
  select
    count(*) as sessions,
    (count(*) filter (where last_attempt and outcome in ('success', 'warning')))::double precision
      / nullif(count(*) filter (where last_attempt and outcome in ('success', 'warning', 'failed')), 0) as success_rate
  from (
    select
      session.outcome,
      not coalesce(lead(session.is_retry) over (order by session.created_at, session.session_id), false) as last_attempt
    from sessions as session
    where session.source_id = job.source_id
      and session.job_id = job.job_id
      and session.created_at > now() - interval '30 days'
  ) as attempt
) as recent on true;

comment on view report.jobs is 'Agent backup jobs. Kind job: the jobs administrators made; kind computer: Veeam''s own child job for each computer in them.';
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
comment on column report.jobs.last_success_at is 'End of its newest session that succeeded, with or without warnings.';
comment on column report.jobs.sessions_30d is 'Sessions of the last 30 x 24 hours, retries included.';
comment on column report.jobs.success_rate_30d is 'Share of its finished runs of the last 30 x 24 hours that succeeded, with or without warnings: 0 to 1.';

create view report.sync_runs as
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
  run.error_message
from sync_runs as run
join sources as source on source.id = run.source_id;

comment on view report.sync_runs is 'One row for each time an Enterprise Manager was read.';
comment on column report.sync_runs.run_id is 'Id of the run.';
comment on column report.sync_runs.source is 'Name of the Enterprise Manager.';
comment on column report.sync_runs.trigger is 'What started it: cli, schedule, api or backfill.';
comment on column report.sync_runs.form is 'How the list was written: entity or reference.';
comment on column report.sync_runs.status is 'running; succeeded: the whole list was read and stored; failed: see error_kind and error_message.';
comment on column report.sync_runs.started_at is 'Start (UTC).';
comment on column report.sync_runs.finished_at is 'End (UTC); null while running.';
comment on column report.sync_runs.listed is 'Sessions the list showed.';
comment on column report.sync_runs.new_sessions is 'Sessions stored for the first time.';
comment on column report.sync_runs.changed is 'Known sessions whose content had changed.';
comment on column report.sync_runs.unchanged is 'Sessions found as they were.';
comment on column report.sync_runs.missing is 'Sessions listed that are not in the database afterwards: 0, or a hole.';
comment on column report.sync_runs.requests is 'HTTP requests sent.';
comment on column report.sync_runs.bytes_received is 'Bytes of response bodies received.';
comment on column report.sync_runs.error_kind is 'transient, unauthorized, contract, permanent or interrupted.';
comment on column report.sync_runs.error_message is 'What went wrong and what to do.';
