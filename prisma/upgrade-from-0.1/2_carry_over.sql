-- The rows of version 0.1.0, from schema session_history_0_1 into the tables that the migrations have just made. What 0.1 did not
-- know stays null.

set local work_mem = '256MB';
set local maintenance_work_mem = '512MB';
set local jit = off;

-- ── Sources and what sessions are about ────────────────────────────────────────────────────────────────────────────

insert into sources (
  id, name, url, fence, version, last_listed_at, last_collected_at, tasks_mode, interval_seconds, refused_credentials,
  computers_read_at, first_seen_at
)
select
  id, name, url, fence, 1, last_listed_at, last_collected_at, tasks_mode, interval_seconds, refused_credentials,
  computers_read_at, first_seen_at
from session_history_0_1.sources;
select setval(pg_get_serial_sequence('sources', 'id'), last_value, is_called) from session_history_0_1.sources_id_seq;

insert into servers (source_id, server_id, server_name, description, version, extra, first_seen_at, last_seen_at, change_number)
select source_id, server_id, server_name, description, version, extra, first_seen_at, last_seen_at, 1
from session_history_0_1.servers;

insert into discovered_computers (source_id, computer_id, computer, extra, first_seen_at, last_seen_at)
select source_id, computer_id, computer, extra, first_seen_at, last_seen_at
from session_history_0_1.discovered_computers;

-- ── Sessions and tasks: first the rows, then their indexes ─────────────────────────────────────────────────────────

create temporary table postponed_indexes on commit drop as
select index.oid::regclass::text as name, pg_get_indexdef(index.oid) as definition
from pg_index
join pg_class as index on index.oid = pg_index.indexrelid
where pg_index.indrelid in ('sessions'::regclass, 'tasks'::regclass)
  and not pg_index.indisprimary;
-- Of a key, only the constraint can be dropped. Built from sorted rows it takes a fraction of what it takes row by row.
alter table sessions drop constraint sessions_pkey;
alter table tasks drop constraint tasks_pkey;
do $$
declare
  postponed record;
begin
  for postponed in select name from postponed_indexes loop
    execute 'drop index ' || postponed.name;
  end loop;
end;
$$;

insert into sessions (
  source_id, session_id, session_name, kind, job_type, job_id, job_name, parent_session_id, server_id, server_name,
  state, result, is_retry, created_at, ended_at, progress, failure_message, extra, computer, computer_is_exact, task_count, task_reason,
  processed_bytes, first_seen_at, last_seen_at, last_changed_at, lost_at, fingerprint, change_number, run_started_at, is_last_attempt
)
select
  session.source_id, session.session_id, session.session_name, session.kind, session.job_type, session.job_id, session.job_name,
  session.parent_session_id,
  session.server_id, session.server_name, session.state, session.result, session.is_retry, session.created_at, session.ended_at,
  session.progress, session.failure_message, session.extra, session.computer, session.computer_is_exact, session.task_count,
  session.task_reason, session.processed_bytes, session.first_seen_at, session.last_seen_at, session.last_changed_at, session.lost_at,
  -- Listed, by a record whose fingerprint this version would write otherwise: the next poll reads it anew.
  case when session.last_seen_at is null then '00000000-0000-0000-0000-000000000000'::uuid end,
  -- Rows that share a number are read from the change feed in one go, so not all have the same: a number an hour, from 2010 on.
  1 + (
    extract(epoch from least(greatest(session.created_at, timestamptz '2010-01-01Z'), now()) - timestamptz '2010-01-01Z') / 3600
  )::bigint,
  session.run_started_at, session.is_last_attempt
from session_history_0_1.sessions as session;

insert into tasks (
  source_id, task_id, session_id, task_name, machine, state, result, reason, total_bytes, created_at, ended_at, extra, change_number
)
select source_id, task_id, session_id, task_name, machine, state, result, reason, total_bytes, created_at, ended_at, extra, 1
from session_history_0_1.tasks;

do $$
declare
  postponed record;
begin
  for postponed in select definition from postponed_indexes loop
    execute postponed.definition;
  end loop;
end;
$$;
alter table sessions add constraint sessions_pkey primary key (session_id, source_id);
alter table tasks add constraint tasks_pkey primary key (source_id, task_id);

update sources as source
set version = newest.change_number
from (select source_id, max(change_number) as change_number from sessions group by source_id) as newest
where newest.source_id = source.id;

-- ── Jobs: of all the tasks that named their computer, the newest session's counts ──────────────────────────────────

insert into jobs (
  source_id, job_id, job_name, kind, server_id, server_name, job_type, platform, description, schedule_enabled, next_run_at, computer,
  computer_is_exact, computer_seen_at, policy_id, extra, first_seen_at, change_number
)
select
  job.source_id, job.job_id, job.job_name, job.kind, job.server_id, job.server_name, job.job_type, job.platform, job.description,
  job.schedule_enabled, job.next_run_at, coalesce(seen.computer, job.computer), job.computer_is_exact, seen.created_at,
  case when job.kind = 'computer' then policy.job_id else job.job_id end, job.extra, job.first_seen_at, 1
from session_history_0_1.jobs as job
left join (
  select child.source_id, child.job_id as child_job_id, (array_agg(parent.job_id order by parent.created_at desc))[1] as job_id
  from session_history_0_1.sessions as child
  join session_history_0_1.sessions as parent
    on parent.source_id = child.source_id and parent.session_id = child.parent_session_id
  where child.kind = 'computer'
  group by child.source_id, child.job_id
) as policy on policy.source_id = job.source_id and policy.child_job_id = job.job_id
left join (
  select distinct on (source_id, job_id) source_id, job_id, computer, created_at
  from session_history_0_1.sessions
  where computer_is_exact and computer is not null and kind = 'computer'
  order by source_id, job_id, created_at desc, session_id desc
) as seen on seen.source_id = job.source_id and seen.job_id = job.job_id and job.computer_is_exact;

-- ── Kept beside the sessions ───────────────────────────────────────────────────────────────────────────────────────

insert into computers (
  source_id, computer_key, computer, is_stale, first_run_at, last_session_at, last_outcome, last_success_at, consecutive_failures,
  usual_interval_seconds, change_number
)
select
  source_id, computer_key, computer, is_stale, first_run_at, last_session_at, last_outcome, last_success_at, consecutive_failures,
  usual_interval_seconds, 1
from session_history_0_1.computers;

insert into session_names (source_id, name_key, job_name, names)
select source_id, name_key, job_name, names
from session_history_0_1.session_names;

analyze sessions, jobs, computers;
update computers as known
set expected_by = past.expected_by, last_job_id = past.last_job_id, last_server_id = past.last_server_id
from computer_pasts as past
where known.source_id = past.source_id and known.computer_key = past.computer_key and not known.is_stale;

insert into daily_totals select * from daily_totals_rule;

-- ── What was read ──────────────────────────────────────────────────────────────────────────────────────────────────

insert into sync_runs (
  run_id, source_id, trigger, form, status, started_at, finished_at, listed, new_sessions, changed, unchanged, unreadable, missing,
  requests, bytes_received, error_kind, error_message
)
select
  run_id, source_id, trigger, form, status, started_at, finished_at, listed, new_sessions, changed,
  -- Runs that broke off wrote what is left over here, and 0 there, without having counted either.
  case when status = 'succeeded' or missing > 0 or unreadable > 0 then unchanged end,
  unreadable,
  case when status = 'succeeded' or missing > 0 or unreadable > 0 then missing end,
  requests, bytes_received, error_kind, error_message
from session_history_0_1.sync_runs;

-- A list read whole covers the 30 x 24 hours before it. Lists whose times meet are one island, in two rows: what its newest list
-- showed, and what older ones did. Each row was read at least until read_at.
create temporary table lists on commit drop as
select
  source_id,
  island,
  min(started_at) - interval '720 hours' as from_at,
  max(started_at) as to_at
from (
  select
    source_id,
    started_at,
    count(*) filter (where begins_island) over (partition by source_id order by started_at, run_id) as island
  from (
    select
      source_id,
      run_id,
      started_at,
      coalesce(started_at - interval '720 hours' > lag(started_at) over (partition by source_id order by started_at, run_id), true)
        as begins_island
    from sync_runs
    where status = 'succeeded' and trigger <> 'backfill'
  ) as run
) as run
group by source_id, island;

insert into coverage (source_id, from_at, to_at, via, read_at, first_seen_at)
select source_id, from_at, to_at - interval '720 hours', 'list', from_at + interval '720 hours', now()
from lists
where from_at < to_at - interval '720 hours'
union all
select source_id, to_at - interval '720 hours', to_at, 'list', to_at, now()
from lists;

-- A backfill of 0.1 read from its own day down to read_down_to, so it meets the first list.
insert into coverage (source_id, from_at, to_at, via, read_at, first_seen_at)
select backfill.source_id, backfill.read_down_to, met.to_at, 'query', coalesce(newest.started_at, met.to_at), now()
from session_history_0_1.backfills as backfill
left join (
  select source_id, min(from_at) as from_at from lists group by source_id
) as first_list on first_list.source_id = backfill.source_id
left join (
  select source_id, min(started_at) as first_started_at, max(started_at) as started_at
  from sync_runs
  where trigger = 'backfill'
  group by source_id
) as newest on newest.source_id = backfill.source_id
cross join lateral (
  select coalesce(first_list.from_at, newest.first_started_at) as to_at from (values (1)) as always
) as met
where backfill.read_down_to < met.to_at;

-- What 0.1 was asked to read and has not read yet lies before everything covered.
insert into backfills (source_id, since)
select source_id, wanted_since
from session_history_0_1.backfills
where wanted_since < coalesce(read_down_to, 'infinity');

insert into coverage (source_id, from_at, to_at, first_seen_at, due_at)
select backfill.source_id, backfill.since, first.from_at, now(), now()
from backfills as backfill
join (
  select source_id, min(from_at) as from_at from coverage group by source_id
) as first on first.source_id = backfill.source_id
where backfill.since < first.from_at;

-- What lies between is a gap.
insert into coverage (source_id, from_at, to_at, first_seen_at, due_at)
select source_id, to_at, next_from_at, now(), now()
from (
  select source_id, to_at, lead(from_at) over (partition by source_id order by from_at) as next_from_at
  from coverage
) as stretch
where next_from_at > to_at;

insert into holes (source_id, hole_key, kind, session_id, reason, record, form, first_seen_at, due_at)
select distinct on (source_id, coalesce(session_id, fingerprint))
  source_id, coalesce(session_id, fingerprint), 'unreadable', session_id, reason, left(record, 262144), 'entity', first_seen_at, now()
from session_history_0_1.unreadable_records
order by source_id, coalesce(session_id, fingerprint), last_seen_at desc;

insert into task_backlog (source_id, session_id, created_at, change_number, attempts, first_failed_at, due_at)
select
  backlog.source_id, backlog.session_id, backlog.created_at, coalesce(session.change_number, 1), backlog.attempts,
  case when backlog.attempts > 0 then now() end, backlog.due_at
from session_history_0_1.task_backlog as backlog
left join sessions as session on session.source_id = backlog.source_id and session.session_id = backlog.session_id;

-- ── The service ────────────────────────────────────────────────────────────────────────────────────────────────────

insert into api_keys (id, name, scope, key_hash, created_at, last_used_at, revoked_at)
select id, name, scope, key_hash, created_at, last_used_at, revoked_at
from session_history_0_1.api_keys;

delete from installation where exists (select 1 from session_history_0_1.installation);
insert into installation (id) select id from session_history_0_1.installation;

-- ── Done ───────────────────────────────────────────────────────────────────────────────────────────────────────────
-- One by one and without cascade: where somebody's own view stands on a table, PostgreSQL names it, and everything stays as it was.

drop function summarize_computer(integer, text);
drop table session_history_0_1.sources;
drop table session_history_0_1.servers;
drop table session_history_0_1.jobs;
drop table session_history_0_1.discovered_computers;
drop table session_history_0_1.sessions;
drop table session_history_0_1.computers;
drop table session_history_0_1.session_names;
drop table session_history_0_1.tasks;
drop table session_history_0_1.sync_runs;
drop table session_history_0_1.unreadable_records;
drop table session_history_0_1.task_backlog;
drop table session_history_0_1.backfills;
drop table session_history_0_1.api_keys;
drop table session_history_0_1.installation;
drop schema session_history_0_1;

analyze sources, servers, jobs, discovered_computers, sessions, computers, session_names, tasks, sync_runs, coverage, holes, task_backlog,
  daily_totals;
