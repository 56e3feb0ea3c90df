-- Schema `report`: what people, BI tools and the API read. Stable: columns are added at the end, never changed or removed, so
-- every view can be replaced in place, with the grants and the views of others that stand on it.
-- Every view and column carries a comment, because schema browsers show them; views have no keys in the catalog, so their
-- comments name them.
--
-- The views serve a distributed PostgreSQL, too. There, every join holds the source's key, and what is joined to a union of
-- several tables is joined by `source.id`: through the union's own column Citus does not see that all lie together.

create schema if not exists report;
comment on schema report is 'Session History for Veeam Agents: the reporting schema. All times are UTC with microseconds; rates are fractions from 0 to 1.';

-- ── Sessions ───────────────────────────────────────────────────────────────────────────────────────────────────────

-- report.sessions without its labels, and what only the query API needs of it: the source's key, which indexes know, and the text
-- of `search`. Every session has its source; joined like the others, it is left out of questions that do not ask for its name.
create or replace view session_facts as
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
  session.change_number,
  (session.created_at at time zone 'UTC')::date as day,
  job.policy_id,
  policy.job_name as policy_name,
  session.source_id::text as source_key,
  session.source_id || ':' || session.server_id as server_key,
  session.source_id || ':' || session.job_id as job_key,
  session.source_id || ':' || session.computer as computer_key
from sessions as session
left join sources as source on source.id = session.source_id
left join jobs as job on job.source_id = session.source_id and job.job_id = session.job_id
left join jobs as policy on policy.source_id = job.source_id and policy.job_id = job.policy_id;

-- For the query API: looked up for the rows of a page only, and nothing for the planner to think about.
create or replace view session_rows as
select
  session.*,
  coalesce(
    (select label.customer from labels as label where label.source_id = session.source_id and label.scope = 'computer' and label.computer = session.computer),
    (select label.customer from labels as label where label.source_id = session.source_id and label.scope = 'job' and label.target_key = session.policy_id),
    (select label.customer from labels as label where label.source_id = session.source_id and label.scope = 'server' and label.target_key = session.server_id),
    (select label.customer from labels as label where label.source_id = session.source_id and label.scope = 'source' and label.target_key = '00000000-0000-0000-0000-000000000000')
  ) as customer,
  coalesce(
    (select label.site from labels as label where label.source_id = session.source_id and label.scope = 'computer' and label.computer = session.computer),
    (select label.site from labels as label where label.source_id = session.source_id and label.scope = 'job' and label.target_key = session.policy_id),
    (select label.site from labels as label where label.source_id = session.source_id and label.scope = 'server' and label.target_key = session.server_id),
    (select label.site from labels as label where label.source_id = session.source_id and label.scope = 'source' and label.target_key = '00000000-0000-0000-0000-000000000000')
  ) as site
from session_facts as session;

-- The same for questions about labels, and about many sessions: each label is read once.
create or replace view labelled_session_rows as
select
  session.*,
  coalesce(by_computer.customer, by_policy.customer, by_server.customer, by_source.customer) as customer,
  coalesce(by_computer.site, by_policy.site, by_server.site, by_source.site) as site
from session_facts as session
left join labels as by_computer
  on by_computer.source_id = session.source_id and by_computer.scope = 'computer' and by_computer.computer = session.computer
left join labels as by_policy
  on by_policy.source_id = session.source_id and by_policy.scope = 'job' and by_policy.target_key = session.policy_id
left join labels as by_server
  on by_server.source_id = session.source_id and by_server.scope = 'server' and by_server.target_key = session.server_id
left join labels as by_source
  on by_source.source_id = session.source_id and by_source.scope = 'source' and by_source.target_key = '00000000-0000-0000-0000-000000000000';

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
  change_number,
  day,
  policy_id,
  policy_name,
  customer,
  site,
  source_key,
  server_key,
  job_key,
  computer_key
from labelled_session_rows;

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
comment on column report.sessions.day is 'UTC day of created_at. For local days: (created_at at time zone ''Europe/Berlin'')::date.';
comment on column report.sessions.policy_id is 'GUID of the job that administrators made: for a computer''s child job its parent, as far as known; for other jobs the job itself.';
comment on column report.sessions.policy_name is 'Newest known name of that job.';
comment on column report.sessions.customer is 'Label customer: the nearest of those of the computer, the policy, the server and the source; null: none.';
comment on column report.sessions.site is 'Label site, likewise.';
comment on column report.sessions.source_key is 'Tells the source from all others: one column to join facts and dimensions by, as the other keys are.';
comment on column report.sessions.server_key is 'Key of the server: join report.servers by it.';
comment on column report.sessions.job_key is 'Key of the job: join report.jobs by it.';
comment on column report.sessions.computer_key is 'Key of the computer: join report.computers by it.';

create or replace view report.session_links as
select
  source.name as source,
  session.parent_session_id,
  session.session_id as child_session_id,
  exists (
    select 1 from sessions as parent
    where parent.source_id = session.source_id and parent.session_id = session.parent_session_id
  ) as parent_known,
  session.created_at,
  session.source_id::text as source_key
from sessions as session
join sources as source on source.id = session.source_id
where session.parent_session_id is not null;

comment on view report.session_links is 'Which computer session belongs to which job session. Key: source, child_session_id.';
comment on column report.session_links.source is 'Name of the Enterprise Manager.';
comment on column report.session_links.parent_session_id is 'The job session.';
comment on column report.session_links.child_session_id is 'The computer session; has one parent at most.';
comment on column report.session_links.parent_known is 'Whether the parent was ever listed, and so is a row of report.sessions.';
comment on column report.session_links.created_at is 'Start of the child (UTC).';
comment on column report.session_links.source_key is 'Tells the source from all others: one column to join facts and dimensions by, as the other keys are.';

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
  task.last_changed_at,
  coalesce(by_computer.customer, by_policy.customer, by_server.customer, by_source.customer) as customer,
  coalesce(by_computer.site, by_policy.site, by_server.site, by_source.site) as site,
  task.source_id::text as source_key,
  task.source_id || ':' || session.job_id as job_key,
  task.source_id || ':' || session.computer as computer_key
from tasks as task
left join sources as source on source.id = task.source_id
left join sessions as session on session.source_id = task.source_id and session.session_id = task.session_id
left join jobs as job on job.source_id = session.source_id and job.job_id = session.job_id
left join jobs as policy on policy.source_id = job.source_id and policy.job_id = job.policy_id
left join labels as by_computer
  on by_computer.source_id = task.source_id and by_computer.scope = 'computer' and by_computer.computer = session.computer
left join labels as by_policy
  on by_policy.source_id = task.source_id and by_policy.scope = 'job' and by_policy.target_key = job.policy_id
left join labels as by_server
  on by_server.source_id = task.source_id and by_server.scope = 'server' and by_server.target_key = session.server_id
left join labels as by_source
  on by_source.source_id = task.source_id and by_source.scope = 'source' and by_source.target_key = '00000000-0000-0000-0000-000000000000';

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
comment on column report.tasks.customer is 'Label customer of its session.';
comment on column report.tasks.site is 'Label site of its session.';
comment on column report.tasks.source_key is 'Tells the source from all others: one column to join facts and dimensions by, as the other keys are.';
comment on column report.tasks.job_key is 'Key of its session''s job: join report.jobs by it.';
comment on column report.tasks.computer_key is 'Key of its session''s computer: join report.computers by it; null for tasks of a job''s own session.';

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
  case when session.is_last_attempt then session.last_changed_at else all_attempts.last_changed_at end as last_changed_at,
  job.policy_id,
  policy.job_name as policy_name,
  coalesce(by_computer.customer, by_policy.customer, by_server.customer, by_source.customer) as customer,
  coalesce(by_computer.site, by_policy.site, by_server.site, by_source.site) as site,
  session.source_id::text as source_key,
  session.source_id || ':' || session.server_id as server_key,
  session.source_id || ':' || session.job_id as job_key,
  session.source_id || ':' || session.computer as computer_key
from sessions as session
left join sources as source on source.id = session.source_id
left join jobs as job on job.source_id = session.source_id and job.job_id = session.job_id
left join jobs as policy on policy.source_id = job.source_id and policy.job_id = job.policy_id
left join labels as by_computer
  on by_computer.source_id = session.source_id and by_computer.scope = 'computer' and by_computer.computer = session.computer
left join labels as by_policy
  on by_policy.source_id = session.source_id and by_policy.scope = 'job' and by_policy.target_key = job.policy_id
left join labels as by_server
  on by_server.source_id = session.source_id and by_server.scope = 'server' and by_server.target_key = session.server_id
left join labels as by_source
  on by_source.source_id = session.source_id and by_source.scope = 'source' and by_source.target_key = '00000000-0000-0000-0000-000000000000'
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
comment on column report.runs.policy_id is 'GUID of the job that administrators made: for a computer''s child job its parent, as far as known; for other jobs the job itself.';
comment on column report.runs.policy_name is 'Newest known name of that job.';
comment on column report.runs.customer is 'Label customer: the nearest of those of the computer, the policy, the server and the source; null: none.';
comment on column report.runs.site is 'Label site, likewise.';
comment on column report.runs.source_key is 'Tells the source from all others: one column to join facts and dimensions by, as the other keys are.';
comment on column report.runs.server_key is 'Key of the server: join report.servers by it.';
comment on column report.runs.job_key is 'Key of the job: join report.jobs by it.';
comment on column report.runs.computer_key is 'Key of the computer: join report.computers by it.';

create or replace view report.daily_outcomes as
select
  outcome.day,
  outcome.source,
  outcome.server_name,
  outcome.job_id,
  outcome.job_name,
  outcome.kind,
  outcome.total,
  outcome.success,
  outcome.warning,
  outcome.failed,
  outcome.running,
  outcome.lost,
  outcome.retries,
  outcome.duration_seconds_sum,
  outcome.processed_bytes_sum,
  outcome.unknown,
  outcome.server_id,
  outcome.computer,
  job.policy_id,
  policy.job_name as policy_name,
  coalesce(by_computer.customer, by_policy.customer, by_server.customer, by_source.customer) as customer,
  coalesce(by_computer.site, by_policy.site, by_server.site, by_source.site) as site,
  outcome.source_id::text as source_key,
  outcome.source_id || ':' || outcome.server_id as server_key,
  outcome.source_id || ':' || outcome.job_id as job_key,
  outcome.source_id || ':' || outcome.computer as computer_key
from (
  select
    (coalesce(session.run_started_at, session.created_at) at time zone 'UTC')::date as day,
    source.name as source,
    session.source_id,
    session.server_id,
    session.server_name,
    session.job_id,
    session.job_name,
    session.kind,
    session.computer,
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
  group by 1, session.job_id, source.name, session.source_id, session.server_id, session.server_name, session.job_name, session.kind,
    session.computer
) as outcome
left join jobs as job on job.source_id = outcome.source_id and job.job_id = outcome.job_id
left join jobs as policy on policy.source_id = job.source_id and policy.job_id = job.policy_id
left join labels as by_computer
  on by_computer.source_id = outcome.source_id and by_computer.scope = 'computer' and by_computer.computer = outcome.computer
left join labels as by_policy
  on by_policy.source_id = outcome.source_id and by_policy.scope = 'job' and by_policy.target_key = job.policy_id
left join labels as by_server
  on by_server.source_id = outcome.source_id and by_server.scope = 'server' and by_server.target_key = outcome.server_id
left join labels as by_source
  on by_source.source_id = outcome.source_id and by_source.scope = 'source' and by_source.target_key = '00000000-0000-0000-0000-000000000000';

comment on view report.daily_outcomes is 'Runs a day and job, each counted once: a first attempt with its retries is one run, with the outcome of the last attempt, on the UTC day of the first. Count kind computer or kind job; together they count twice. For questions over years ask report.daily_totals. Key: day, source, server_id, server_name, job_id, job_name, kind, computer.';
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
comment on column report.daily_outcomes.server_id is 'GUID of the Veeam backup server.';
comment on column report.daily_outcomes.computer is 'Protected computer, for kind computer: a child job is one computer, unless it was given another.';
comment on column report.daily_outcomes.policy_id is 'GUID of the job that administrators made: for a computer''s child job its parent, as far as known; for other jobs the job itself.';
comment on column report.daily_outcomes.policy_name is 'Newest known name of that job.';
comment on column report.daily_outcomes.customer is 'Label customer: the nearest of those of the computer, the policy, the server and the source; null: none.';
comment on column report.daily_outcomes.site is 'Label site, likewise.';
comment on column report.daily_outcomes.source_key is 'Tells the source from all others: one column to join facts and dimensions by, as the other keys are.';
comment on column report.daily_outcomes.server_key is 'Key of the server: join report.servers by it.';
comment on column report.daily_outcomes.job_key is 'Key of the job: join report.jobs by it.';
comment on column report.daily_outcomes.computer_key is 'Key of the computer: join report.computers by it.';

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

create or replace view report.daily_totals as
select
  total.day,
  source.name as source,
  nullif(total.server_id, '00000000-0000-0000-0000-000000000000') as server_id,
  server.server_name,
  nullif(total.policy_id, '00000000-0000-0000-0000-000000000000') as policy_id,
  policy.job_name as policy_name,
  total.kind,
  coalesce(nullif(total.customer, ''), by_policy.customer, by_server.customer, by_source.customer) as customer,
  sum(total.total)::integer as total,
  sum(total.success)::integer as success,
  sum(total.warning)::integer as warning,
  sum(total.failed)::integer as failed,
  sum(total.running)::integer as running,
  sum(total.lost)::integer as lost,
  sum(total.unknown)::integer as unknown,
  sum(total.retries)::integer as retries,
  sum(total.duration_seconds_sum) as duration_seconds_sum,
  least(sum(total.processed_bytes_sum), 9223372036854775807)::bigint as processed_bytes_sum,
  source.id::text as source_key,
  source.id || ':' || nullif(total.server_id, '00000000-0000-0000-0000-000000000000') as server_key,
  source.id || ':' || nullif(total.policy_id, '00000000-0000-0000-0000-000000000000') as policy_key
from (
  select kept.*
  from daily_totals as kept
  where not exists (select 1 from stale_days as stale where stale.source_id = kept.source_id and stale.day = kept.day)
  union all
  -- Sessions of these days were written and nobody has worked them out yet: done here, once a day.
  select fresh.*
  from stale_days as stale
  cross join lateral (
    select * from daily_totals_rule as rule where rule.source_id = stale.source_id and rule.day = stale.day
    -- Keeps it a look along the index on days, however many days the planner expects.
    offset 0
  ) as fresh
) as total
join sources as source on source.id = total.source_id
left join servers as server on server.source_id = source.id and server.server_id = total.server_id
left join jobs as policy on policy.source_id = source.id and policy.job_id = total.policy_id
left join labels as by_policy
  on by_policy.source_id = source.id and by_policy.scope = 'job' and by_policy.target_key = total.policy_id
left join labels as by_server
  on by_server.source_id = source.id and by_server.scope = 'server' and by_server.target_key = total.server_id
left join labels as by_source
  on by_source.source_id = source.id and by_source.scope = 'source' and by_source.target_key = '00000000-0000-0000-0000-000000000000'
group by total.day, source.id, total.server_id, server.server_name, total.policy_id, policy.job_name, total.kind,
  coalesce(nullif(total.customer, ''), by_policy.customer, by_server.customer, by_source.customer);

comment on view report.daily_totals is 'Runs a day, server, policy, kind and customer: a small table that is kept as sessions are written, for questions over years. Count kind computer or kind job; together they count twice. Key: day, source, server_id, policy_id, kind, customer.';
comment on column report.daily_totals.day is 'UTC day on which the first attempts were created.';
comment on column report.daily_totals.source is 'Name of the Enterprise Manager.';
comment on column report.daily_totals.server_id is 'GUID of the Veeam backup server; null: not known.';
comment on column report.daily_totals.server_name is 'Newest known name of the server.';
comment on column report.daily_totals.policy_id is 'GUID of the job that administrators made; null: not known.';
comment on column report.daily_totals.policy_name is 'Newest known name of that job.';
comment on column report.daily_totals.kind is 'job, computer or other, as in report.sessions.';
comment on column report.daily_totals.customer is 'Label customer of the sessions: the nearest of those of the computer, the policy, the server and the source; null: none.';
comment on column report.daily_totals.total is 'Runs, whatever their outcome: the sum of the six columns of outcomes.';
comment on column report.daily_totals.success is 'Runs whose last attempt succeeded.';
comment on column report.daily_totals.warning is 'Runs whose last attempt succeeded with warnings.';
comment on column report.daily_totals.failed is 'Runs whose last attempt failed.';
comment on column report.daily_totals.running is 'Runs whose last attempt has no result yet.';
comment on column report.daily_totals.lost is 'Runs whose last attempt left Enterprise Manager without a result.';
comment on column report.daily_totals.unknown is 'Runs whose last attempt has a result word this program does not know, or details that were never shown.';
comment on column report.daily_totals.retries is 'Further attempts, beyond the first of each run.';
comment on column report.daily_totals.duration_seconds_sum is 'Sum of the durations of all attempts, in seconds; attempts without an end add nothing.';
comment on column report.daily_totals.processed_bytes_sum is 'Sum of the sizes of all attempts, in bytes, as far as tasks were read.';
comment on column report.daily_totals.source_key is 'Tells the source from all others: one column to join by, as the other keys are.';
comment on column report.daily_totals.server_key is 'Key of the server: join report.servers by it.';
comment on column report.daily_totals.policy_key is 'Key of the policy: join report.jobs by its job_key.';

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
  server.last_changed_at,
  coalesce(by_server.customer, by_source.customer) as customer,
  coalesce(by_server.site, by_source.site) as site,
  server.source_id::text as source_key,
  server.source_id || ':' || server.server_id as server_key
from servers as server
join sources as source on source.id = server.source_id
left join labels as by_server
  on by_server.source_id = server.source_id and by_server.scope = 'server' and by_server.target_key = server.server_id
left join labels as by_source
  on by_source.source_id = server.source_id and by_source.scope = 'source' and by_source.target_key = '00000000-0000-0000-0000-000000000000'
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
comment on column report.servers.customer is 'Label customer of the server, else of the source; null: none.';
comment on column report.servers.site is 'Label site, likewise.';
comment on column report.servers.source_key is 'Tells the source from all others: one column to join facts and dimensions by, as the other keys are.';
comment on column report.servers.server_key is 'Its key: what server_key of other views refers to.';

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
  job.last_changed_at,
  job.server_id,
  job.policy_id,
  policy.job_name as policy_name,
  coalesce(by_computer.customer, by_policy.customer, by_server.customer, by_source.customer) as customer,
  coalesce(by_computer.site, by_policy.site, by_server.site, by_source.site) as site,
  job.source_id::text as source_key,
  job.source_id || ':' || job.server_id as server_key,
  job.source_id || ':' || job.job_id as job_key
from jobs as job
join sources as source on source.id = job.source_id
left join jobs as policy on policy.source_id = job.source_id and policy.job_id = job.policy_id
left join labels as by_computer
  on by_computer.source_id = job.source_id and by_computer.scope = 'computer' and by_computer.computer = job.computer
left join labels as by_policy
  on by_policy.source_id = job.source_id and by_policy.scope = 'job' and by_policy.target_key = job.policy_id
left join labels as by_server
  on by_server.source_id = job.source_id and by_server.scope = 'server' and by_server.target_key = job.server_id
left join labels as by_source
  on by_source.source_id = job.source_id and by_source.scope = 'source' and by_source.target_key = '00000000-0000-0000-0000-000000000000'
left join lateral (
  -- No session is newer than its job's newest run.
  select session.created_at, session.outcome
  from sessions as session
  where session.source_id = job.source_id and session.job_id = job.job_id
  order by session.created_at desc, session.session_id desc
  limit 1
) as newest on true
left join lateral (
  select session.created_at
  from sessions as session
  where session.source_id = job.source_id
    and session.job_id = job.job_id
    and session.outcome in ('success', 'warning')
    and session.is_last_attempt
  order by session.created_at desc
  limit 1
) as good on true
left join lateral (
  -- An earlier run may have ended later; none takes a week. Bounded on both sides, because the planner takes half a range for a
  -- third of a job's sessions, and then reads all of its source's to meet fewer of them.
  select max(session.ended_at)::timestamptz(6) as ended_at
  from sessions as session
  where session.source_id = job.source_id
    and session.job_id = job.job_id
    and session.outcome in ('success', 'warning')
    and session.is_last_attempt
    and session.created_at between good.created_at - interval '7 days' and good.created_at
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
comment on column report.jobs.server_id is 'GUID of its Veeam backup server.';
comment on column report.jobs.policy_id is 'GUID of the job that administrators made: for a computer''s child job its parent, as far as known; for other jobs the job itself.';
comment on column report.jobs.policy_name is 'Newest known name of that job.';
comment on column report.jobs.customer is 'Label customer: the nearest of those of the computer, the policy, the server and the source; null: none.';
comment on column report.jobs.site is 'Label site, likewise.';
comment on column report.jobs.source_key is 'Tells the source from all others: one column to join facts and dimensions by, as the other keys are.';
comment on column report.jobs.server_key is 'Key of the server: join report.servers by it.';
comment on column report.jobs.job_key is 'Its key: what job_key and policy_key of other views refer to.';

-- ── Computers ──────────────────────────────────────────────────────────────────────────────────────────────────────

-- report.computers, and the source's key.
create or replace view computer_rows as
select
  source.id as source_id,
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
  -- A day, until there are two runs to learn from. One that was only discovered has no past at all.
  past.last_session_at is null or now() - coalesce(past.last_success_at, past.first_run_at)
    > 2 * make_interval(secs => coalesce(past.usual_interval_seconds, 86400)) as is_overdue,
  past.change_number,
  past.last_changed_at,
  past.last_server_id as server_id,
  server.server_name,
  job.policy_id,
  policy.job_name as policy_name,
  coalesce(by_computer.customer, by_policy.customer, by_server.customer, by_source.customer) as customer,
  coalesce(by_computer.site, by_policy.site, by_server.site, by_source.site) as site,
  agreed.expected_by,
  coalesce(now() > agreed.expected_by, false) as missed_last_expected,
  coalesce(coalesce(
    by_computer.labels ->> 'muted_until', by_policy.labels ->> 'muted_until', by_server.labels ->> 'muted_until',
    by_source.labels ->> 'muted_until'
  )::timestamptz > now(), false) as is_muted,
  agreed.max_age_hours,
  past.source_id::text as source_key,
  past.source_id || ':' || past.last_server_id as server_key,
  past.source_id || ':' || past.last_job_id as job_key,
  past.source_id || ':' || past.computer as computer_key
from (
  select
    source_id, computer, first_run_at, last_session_at, last_outcome, last_success_at, consecutive_failures, usual_interval_seconds,
    expected_by, last_job_id, last_server_id, change_number, last_changed_at
  from computers
  where not is_stale
  union all
  -- Sessions of these were written and nobody has worked them out yet: done here, once a row.
  select
    source_id, computer, first_run_at, last_session_at, last_outcome, last_success_at, consecutive_failures, usual_interval_seconds,
    expected_by, last_job_id, last_server_id, change_number, last_changed_at
  from computer_pasts
  where is_stale
  union all
  -- Discovered, and never backed up.
  select source_id, never.computer, null, null, null, null, 0, null, null, null, null, null, null
  from (select distinct source_id, computer from discovered_computers) as never
  where not exists (
    select 1 from computers as computer
    where computer.source_id = never.source_id and lower(computer.computer) = lower(never.computer)
  )
) as past
join sources as source on source.id = past.source_id
left join servers as server on server.source_id = source.id and server.server_id = past.last_server_id
left join jobs as job on job.source_id = source.id and job.job_id = past.last_job_id
left join jobs as policy on policy.source_id = job.source_id and policy.job_id = job.policy_id
left join labels as by_computer
  on by_computer.source_id = source.id and by_computer.scope = 'computer' and by_computer.computer = past.computer
left join labels as by_policy
  on by_policy.source_id = source.id and by_policy.scope = 'job' and by_policy.target_key = job.policy_id
left join labels as by_server
  on by_server.source_id = source.id and by_server.scope = 'server' and by_server.target_key = past.last_server_id
left join labels as by_source
  on by_source.source_id = source.id and by_source.scope = 'source' and by_source.target_key = '00000000-0000-0000-0000-000000000000'
cross join lateral (
  select
    coalesce(past.last_success_at, past.first_run_at) + make_interval(secs => label.max_age_hours * 3600) as agreed_by,
    label.max_age_hours
  from (
    select coalesce(
      by_computer.labels ->> 'max_age_hours', by_policy.labels ->> 'max_age_hours', by_server.labels ->> 'max_age_hours',
      by_source.labels ->> 'max_age_hours'
    )::double precision as max_age_hours
  ) as label
) as age
cross join lateral (
  -- As in computer_pasts: no further than most programs know years.
  select
    case
      when age.max_age_hours is null then past.expected_by
      when age.agreed_by >= timestamptz '10000-01-01 00:00:00+00' then timestamptz '9999-12-31 23:59:59.999999+00'
      else age.agreed_by
    end as expected_by,
    age.max_age_hours
) as agreed
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
) as recent on recent.source_id = source.id and recent.computer = past.computer;

create or replace view report.computers as
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
  last_changed_at,
  server_id,
  server_name,
  policy_id,
  policy_name,
  customer,
  site,
  expected_by,
  missed_last_expected,
  is_muted,
  max_age_hours,
  source_key,
  server_key,
  job_key,
  computer_key
from computer_rows;

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
comment on column report.computers.server_id is 'GUID of the Veeam backup server of its newest session.';
comment on column report.computers.server_name is 'Newest known name of that server.';
comment on column report.computers.policy_id is 'GUID of the job that administrators made, of its newest session.';
comment on column report.computers.policy_name is 'Newest known name of that job.';
comment on column report.computers.customer is 'Label customer: the nearest of those of the computer, the policy, the server and the source; null: none.';
comment on column report.computers.site is 'Label site, likewise.';
comment on column report.computers.expected_by is 'When its next good run should have ended: an interval after the last one began, or the longer rest it takes at that hour or weekday, with the time it usually takes and an eighth of the interval (1 to 6 hours) to spare. With a label max_age_hours: that age after the last success.';
comment on column report.computers.missed_last_expected is 'expected_by has passed without a success: who missed last night, the morning after.';
comment on column report.computers.is_muted is 'A label muted_until lies ahead: nobody wants to hear of it until then.';
comment on column report.computers.max_age_hours is 'Label max_age_hours: the agreed age of its newest good backup, in hours.';
comment on column report.computers.source_key is 'Tells the source from all others: one column to join facts and dimensions by, as the other keys are.';
comment on column report.computers.server_key is 'Key of the server: join report.servers by it.';
comment on column report.computers.job_key is 'Key of the job of its newest session: join report.jobs by it.';
comment on column report.computers.computer_key is 'Its key: what computer_key of other views refers to.';

create or replace view report.overdue as
select *
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
  computer.server_id,
  computer.server_name,
  computer.policy_id,
  computer.policy_name,
  computer.customer,
  computer.site,
  computer.expected_by,
  computer.missed_last_expected,
  computer.is_muted,
  computer.max_age_hours,
  computer.source_key,
  computer.server_key,
  computer.job_key,
  computer.computer_key,
  (now() at time zone 'UTC')::date as last_day,
  -- In the select list, the planner puts it after the limit: it is worked out for the rows of a page only.
  coalesce(
    (
      select
        string_agg(repeat('-', day - day_before - 1) || substr('suwrlf', worst, 1), '' order by day)
          || repeat('-', (now() at time zone 'UTC')::date - max(day))
      from (
        select day, worst, lag(day, 1, (now() at time zone 'UTC')::date - 90) over (order by day) as day_before
        from (
          select
            (coalesce(session.run_started_at, session.created_at) at time zone 'UTC')::date as day,
            max(
              case session.outcome
                when 'failed' then 6 when 'lost' then 5 when 'running' then 4 when 'warning' then 3 when 'success' then 1 else 2
              end
            ) as worst
          from sessions as session
          where session.source_id = computer.source_id
            and session.kind = 'computer'
            and left(session.computer, 100) = left(computer.computer, 100)
            and session.computer = computer.computer
            and session.is_last_attempt
            and session.created_at >= ((now() at time zone 'UTC')::date - 89) at time zone 'UTC'
          group by 1
        ) as run
        where day between (now() at time zone 'UTC')::date - 89 and (now() at time zone 'UTC')::date
      ) as day_of_run
    ),
    repeat('-', 90)
  ) as outcomes_90d
from computer_rows as computer;

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
  recent_avg_seconds / nullif(earlier_avg_seconds, 0) - 1 as growth,
  customer,
  site,
  source_key,
  computer_key
from (
  select
    source,
    computer,
    customer,
    site,
    source_key,
    computer_key,
    (count(*) filter (where created_at >= now() - interval '7 days'))::integer as recent_sessions,
    avg(duration_seconds) filter (where created_at >= now() - interval '7 days') as recent_avg_seconds,
    avg(duration_seconds) filter (where created_at < now() - interval '7 days') as earlier_avg_seconds
  from report.sessions
  where kind = 'computer'
    and computer is not null
    and outcome in ('success', 'warning')
    and created_at >= now() - interval '35 days'
  group by source, computer, customer, site, source_key, computer_key
) as computer
where recent_avg_seconds is not null and earlier_avg_seconds > 0;

comment on view report.duration_growth is 'How long the good sessions of a computer take these 7 days, and took the 28 days before; one that went from one customer to another has a row for each. Key: source, computer, customer, site.';
comment on column report.duration_growth.source is 'Name of the Enterprise Manager.';
comment on column report.duration_growth.computer is 'Name of the computer.';
comment on column report.duration_growth.recent_sessions is 'Sessions of the last 7 x 24 hours that succeeded, with or without warnings.';
comment on column report.duration_growth.recent_avg_seconds is 'Their average duration, in seconds.';
comment on column report.duration_growth.earlier_avg_seconds is 'Average duration of those of the 28 days before, in seconds.';
comment on column report.duration_growth.growth is 'recent_avg_seconds divided by earlier_avg_seconds, minus 1: 0.5 is half as long again.';
comment on column report.duration_growth.customer is 'Label customer of these sessions; null: none.';
comment on column report.duration_growth.site is 'Label site of these sessions; null: none.';
comment on column report.duration_growth.source_key is 'Tells the source from all others: one column to join facts and dimensions by, as the other keys are.';
comment on column report.duration_growth.computer_key is 'Key of the computer: join report.computers by it.';

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
  run.unfetched,
  run.source_id::text as source_key
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
comment on column report.sync_runs.source_key is 'Tells the source from all others: one column to join facts and dimensions by, as the other keys are.';

create or replace view report.coverage as
select
  source.name as source,
  stretch.from_at,
  stretch.to_at,
  stretch.via is not null as is_covered,
  stretch.via,
  stretch.read_at,
  stretch.source_id::text as source_key
from coverage as stretch
join sources as source on source.id = stretch.source_id;

comment on view report.coverage is 'Which creation times of sessions were read whole, and which were not: the rows of a source touch and never overlap. Key: source, from_at.';
comment on column report.coverage.source is 'Name of the Enterprise Manager.';
comment on column report.coverage.from_at is 'First creation time (UTC).';
comment on column report.coverage.to_at is 'End (UTC): the next row of the source begins there.';
comment on column report.coverage.is_covered is 'Whether everything created in this time and listed or found then is stored; false: a gap.';
comment on column report.coverage.via is 'list: a list read whole reached back here. query: it was asked for by itself. Null: a gap.';
comment on column report.coverage.read_at is 'When it was last read (UTC); null for a gap.';
comment on column report.coverage.source_key is 'Tells the source from all others: one column to join facts and dimensions by, as the other keys are.';

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
  'gap ' || (extract(epoch from gap.from_at) * 1000000)::numeric(20) as hole_key,
  source.id::text as source_key,
  gap.due_at as next_try_at,
  null::text as kept_text
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
  hole.kind || ' ' || hole.hole_key,
  source.id::text,
  hole.due_at,
  -- Enough to see what is wrong with it; a row is for people and pages of rows.
  left(hole.record, 4000)
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
  'tasks ' || backlog.session_id,
  source.id::text,
  backlog.due_at,
  null
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
comment on column report.holes.source_key is 'Key of the source.';
comment on column report.holes.next_try_at is 'When the service tries it next (UTC), with the first poll after that; null: with the next poll.';
comment on column report.holes.kept_text is 'Unreadable ones: what Enterprise Manager sent, its first 4,000 characters; kept until it could be read. Null: no text came.';

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
  timeline.uncovered_seconds,
  by_source.customer,
  by_source.site,
  source.id::text as source_key,
  timeline.covered_to
from sources as source
left join labels as by_source
  on by_source.source_id = source.id and by_source.scope = 'source' and by_source.target_key = '00000000-0000-0000-0000-000000000000'
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
    max(stretch.to_at) filter (where stretch.via is not null) as covered_to,
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
comment on column report.source_health.customer is 'Label customer of the source; null: none.';
comment on column report.source_health.site is 'Label site of the source; null: none.';
comment on column report.source_health.source_key is 'Its key: what source_key of other views refers to.';
comment on column report.source_health.covered_to is 'Latest creation time that was read whole (UTC): when the last whole list was read, by the clock of Enterprise Manager; null: none yet.';

-- ── Labels ─────────────────────────────────────────────────────────────────────────────────────────────────────────

create or replace view report.labels as
with subject as (
  select source.id as source_id, 'source' as scope, null::uuid as server_id, null::uuid as policy_id, null::text as job_name,
    null::text as computer
  from sources as source
  union all
  select source_id, 'server', server_id, null, null, null from servers
  union all
  select source_id, 'job', server_id, job_id, job_name, null from jobs where kind <> 'computer'
  union all
  select past.source_id, 'computer', past.last_server_id, job.policy_id, policy.job_name, past.computer
  from (
    select source_id, computer, last_job_id, last_server_id from computers where not is_stale
    union all
    select source_id, computer, last_job_id, last_server_id from computer_pasts where is_stale
    union all
    -- Labelled before its first session.
    select label.source_id, label.computer, null, null
    from labels as label
    where label.scope = 'computer'
      and not exists (
        select 1 from computers as computer
        where computer.source_id = label.source_id and computer.computer_key = label.target_key
      )
  ) as past
  left join jobs as job on job.source_id = past.source_id and job.job_id = past.last_job_id
  left join jobs as policy on policy.source_id = job.source_id and policy.job_id = job.policy_id
),
given as (
  select subject.*, label.scope as given_to, label.labels
  from subject
  join labels as label
    on label.source_id = subject.source_id
    and (
      label.scope = 'source'
      or label.scope = 'server' and label.target_key = subject.server_id
      or label.scope = 'job' and label.target_key = subject.policy_id
      or label.scope = 'computer' and label.computer = subject.computer
    )
)
select
  source,
  scope,
  server_id,
  server_name,
  policy_id,
  policy_name,
  computer,
  name,
  value,
  given_to,
  source_key,
  computer_key
from (
  select
    source.name as source,
    given.scope,
    given.server_id,
    server.server_name,
    given.policy_id,
    given.job_name as policy_name,
    given.computer,
    label.name,
    label.value,
    given.given_to,
    source.id::text as source_key,
    source.id || ':' || given.computer as computer_key,
    -- The nearest comes first.
    row_number() over (
      partition by given.source_id, given.scope, given.server_id, given.policy_id, given.computer, label.name
      order by array_position(array['computer', 'job', 'server', 'source'], given.given_to)
    ) as place
  from given
  join sources as source on source.id = given.source_id
  left join servers as server on server.source_id = source.id and server.server_id = given.server_id
  cross join lateral jsonb_each_text(given.labels) as label(name, value)
) as labelled
where place = 1;

comment on view report.labels is 'Labels as they hold: a row for each name that a source, a server, a job or a computer has, its own or the nearest above it. Key: source, scope, server_id, policy_id, computer, name.';
comment on column report.labels.source is 'Name of the Enterprise Manager.';
comment on column report.labels.scope is 'What the row is about: source, server, job or computer.';
comment on column report.labels.server_id is 'GUID of the Veeam backup server; of a computer, that of its newest session.';
comment on column report.labels.server_name is 'Newest known name of the server.';
comment on column report.labels.policy_id is 'GUID of the job; of a computer, the policy of its newest session.';
comment on column report.labels.policy_name is 'Newest known name of that job.';
comment on column report.labels.computer is 'Name of the computer.';
comment on column report.labels.name is 'Name of the label: customer, site, owner, max_age_hours, muted_until, time_zone or any other.';
comment on column report.labels.value is 'Its value.';
comment on column report.labels.given_to is 'Where it comes from: computer, job, server or source; the nearest wins, in this order.';
comment on column report.labels.source_key is 'Key of the source.';
comment on column report.labels.computer_key is 'Key of the computer: join report.computers by it.';

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
  date_trunc('week', day)::date as week_start,
  to_char(day, 'FMMonth') as month_name,
  to_char(day, 'FMDay') as weekday_name,
  to_char(day, 'YYYY-MM') as year_month,
  now.today - day::date as days_ago,
  (date_trunc('week', now.today::timestamp)::date - date_trunc('week', day)::date) / 7 as weeks_ago,
  ((extract(year from now.today) - extract(year from day)) * 12 + extract(month from now.today) - extract(month from day))::integer
    as months_ago,
  (extract(year from now.today) - extract(year from day))::integer as years_ago
from (select (now() at time zone 'UTC')::date as today) as now
cross join lateral generate_series(timestamp '2010-01-01', now.today + interval '2 years', interval '1 day') as day;

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
comment on column report.dim_date.month_name is 'January to December.';
comment on column report.dim_date.weekday_name is 'Monday to Sunday.';
comment on column report.dim_date.year_month is 'Year and month, for example 2026-03: sorts as it reads.';
comment on column report.dim_date.days_ago is 'Days from this day to today (UTC): 0 today, 1 yesterday, negative ahead.';
comment on column report.dim_date.weeks_ago is 'Weeks, Monday to Sunday, from its week to this one: 1 is last week.';
comment on column report.dim_date.months_ago is 'Calendar months from its month to this one: 1 is last month.';
comment on column report.dim_date.years_ago is 'Calendar years from its year to this one.';
