-- A history of any size, set-based, into a migrated and empty database; for measurements:
--   psql "$DATABASE_URL" -v sources=5 -v computers=1000 -v days=1826 -f test/bench/fill-history.sql
-- `computers` is a source's number of computers, each backed up once a day for `days` days until today: the figures above
-- give about 9.9 million sessions. A policy covers 50 computers; one session in 20 fails and is retried an hour later.
-- `session-history migrate --rebuild` then works out what is kept beside the sessions.
\set ON_ERROR_STOP on
set session_replication_role = replica;
set synchronous_commit = off;
set maintenance_work_mem = '1GB';
set work_mem = '256MB';

create temporary table wanted as
select indexdef from pg_indexes
where schemaname = 'public' and tablename = 'sessions' and indexname not like '%\_pkey';
do $$
declare
  name text;
begin
  for name in
    select indexname from pg_indexes
    where schemaname = 'public' and tablename = 'sessions' and indexname not like '%\_pkey'
  loop
    execute format('drop index %I', name);
  end loop;
end;
$$;

insert into sources (name, url, last_listed_at)
select 'em' || source, 'https://em' || source || '.example:9398', now() from generate_series(1, :sources) as source;

insert into servers (source_id, server_id, server_name, description, version)
select source.id, md5('server' || source.id || '/' || server)::uuid, 'vbr' || source.id || server || '.example', 'Backup server', '12.3.2.4165'
from sources as source, generate_series(1, 3) as server;

create temporary table policies as
select
  source.id as source_id,
  policy,
  md5('policy' || source.id || '/' || policy)::uuid as job_id,
  'Backup Policy ' || policy as job_name,
  server.server_id,
  server.server_name
from sources as source
cross join generate_series(1, greatest(1, :computers / 50)) as policy
join servers as server on server.server_id = md5('server' || source.id || '/' || policy % 3 + 1)::uuid;

create temporary table machines as
select
  policy.source_id,
  policy.policy,
  policy.job_name as policy_name,
  policy.server_id,
  policy.server_name,
  md5('machine' || policy.source_id || '/' || machine)::uuid as job_id,
  policy.job_name || ' - PC-' || policy.source_id || lpad(machine::text, 5, '0') as job_name,
  'PC-' || policy.source_id || lpad(machine::text, 5, '0') as computer,
  (machine * 7919 % 28800) * interval '1 second' as offset_in_day
from generate_series(0, :computers - 1) as machine
join policies as policy on policy.policy = machine % greatest(1, :computers / 50) + 1;

insert into jobs (source_id, job_id, job_name, kind, server_id, server_name, job_type, platform, schedule_enabled, policy_id, first_seen_at)
select source_id, job_id, job_name, 'job', server_id, server_name, 'AgentBackup', 'Windows', true, job_id, current_date - :days from policies;
insert into jobs (source_id, job_id, job_name, kind, server_id, server_name, job_type, computer, policy_id, first_seen_at)
select source_id, job_id, job_name, 'computer', server_id, server_name, 'AgentManagement', computer,
  md5('policy' || source_id || '/' || policy)::uuid, current_date - :days
from machines;

create temporary table days as
select number, (current_date - :days + number)::timestamp at time zone 'UTC' as day from generate_series(1, :days) as number;

insert into sessions (
  source_id, session_id, session_name, kind, job_type, job_id, job_name, server_id, server_name, state, result, is_retry,
  created_at, ended_at, progress, task_count, first_seen_at, last_changed_at
)
select
  source_id, md5('run' || job_id || number)::uuid, job_name || '@' || day::date, 'job', 'AgentBackup', job_id, job_name, server_id,
  server_name, 'Stopped', case when number * 31 % 7 = 0 then 'Warning' else 'Success' end, false,
  day, day + interval '9 hours', 100, 0, day + interval '9 hours', day + interval '9 hours'
from days, policies
order by number;

insert into sessions (
  source_id, session_id, session_name, kind, job_type, job_id, job_name, computer, server_id, server_name, state, result, is_retry,
  created_at, ended_at, progress, task_count, processed_bytes, task_reason, parent_session_id, first_seen_at, last_changed_at
)
select
  machine.source_id, md5('session' || machine.job_id || days.number || attempt)::uuid, machine.job_name || '@' || days.day::date, 'computer',
  'AgentManagement', machine.job_id, machine.job_name, machine.computer, machine.server_id, machine.server_name, 'Stopped',
  case
    when attempt = 0 and draw < 5 then 'Failed'
    when attempt = 1 and draw < 2 then 'Failed'
    when draw between 90 and 93 then 'Warning'
    else 'Success'
  end,
  attempt = 1,
  days.day + machine.offset_in_day + attempt * interval '1 hour' + draw * interval '1 microsecond',
  days.day + machine.offset_in_day + attempt * interval '1 hour' + (300 + draw * 20) * interval '1 second',
  100, 1, (20 + draw)::bigint * 1073741824,
  case when draw < 5 - attempt * 3 then (array['VSS snapshot failed.', 'The network path was not found.', 'Not enough disk space.'])[draw % 3 + 1] end,
  case when attempt = 0 then md5('run' || policy.job_id || days.number)::uuid end,
  days.day + machine.offset_in_day + (attempt + 1) * interval '1 hour', days.day + machine.offset_in_day + (attempt + 1) * interval '1 hour'
from days
cross join machines as machine
join policies as policy on policy.source_id = machine.source_id and policy.policy = machine.policy
cross join lateral (
  select ((hashtext(machine.computer || '/' || days.number)::bigint & 2147483647) % 100)::integer as draw
) as fate
join generate_series(0, 1) as attempt on attempt = 0 or draw < 5
order by days.number, machine.offset_in_day;

do $$
declare
  statement text;
begin
  for statement in select indexdef from wanted loop
    execute statement;
  end loop;
end;
$$;
vacuum (analyze);
