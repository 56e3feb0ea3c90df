-- What the query API reads: report views that were still missing, one internal view under report.sessions with the keys
-- that indexes know, an index for every filter, and a number that changes with every commit.

-- ── Sessions, with their keys ───────────────────────────────────────────────────────────────────────────────────────

create view session_rows as
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
  extract(epoch from session.first_seen_at - session.created_at)::double precision as arrival_lag_seconds,
  -- One text for the filter `search`; no name can hold the separator, because XML cannot.
  session.session_name || e'\x01' || coalesce(session.job_name, '') || e'\x01' || coalesce(session.computer, '') || e'\x01'
    || coalesce(session.server_name, '') as search_text
from sessions as session
join sources as source on source.id = session.source_id
left join session_links as link
  on link.source_id = session.source_id and link.child_session_id = session.session_id;

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
  arrival_lag_seconds
from session_rows;

-- ── One index a filter, in the order of time ───────────────────────────────────────────────────────────────────────
-- An equal filter walks its index in the order of the answer and stops after a page. Values that nearly every session has
-- (Success, Stopped, no retry) are found as fast in the index on created_at alone, so those indexes hold the others only.
-- Words of others go in with their first 100 characters: an index entry has room for 2,700 bytes, and a name may be longer.

create index sessions_source_id_created_at_idx on sessions(source_id, created_at);
create index sessions_server_name_prefix_idx on sessions(left(server_name, 100), created_at);
create index sessions_job_name_prefix_idx on sessions(left(job_name, 100), created_at);
create index sessions_job_id_created_at_session_id_idx on sessions(job_id, created_at, session_id);
create index sessions_computer_prefix_idx on sessions(left(computer, 100), created_at);
create index sessions_kind_created_at_idx on sessions(kind, created_at);
create index sessions_outcome_created_at_idx on sessions(outcome, created_at);
create index session_links_parent_session_id_source_id_idx on session_links(parent_session_id, source_id);

create index sessions_rare_result_idx on sessions(left(result, 100), created_at) where result <> 'Success';
create index sessions_rare_state_idx on sessions(left(state, 100), created_at) where state <> 'Stopped';
create index sessions_rare_job_type_idx on sessions(left(job_type, 100), created_at) where job_type not in ('AgentBackup', 'AgentManagement');
create index sessions_retries_idx on sessions(created_at) where is_retry;
-- How far an end may lie from its start: with that, a filter on ended_at bounds the walk along created_at. Few rows.
create index sessions_odd_duration_idx on sessions((ended_at - created_at))
  where ended_at < created_at or ended_at - created_at > interval '1 day';

-- The new ones on job and parent serve what these did.
drop index sessions_source_id_job_id_created_at_idx;
drop index session_links_source_id_parent_session_id_idx;

-- Substrings of names. Without the extension (it needs contrib, and the right to create in the database) `search` walks
-- along created_at, which is slow only for words that are rare.
do $$
begin
  create extension if not exists pg_trgm;
exception when insufficient_privilege or undefined_file or feature_not_supported then
  raise notice 'pg_trgm is not available: %', sqlerrm;
end;
$$;
do $$
begin
  if exists (select from pg_extension where extname = 'pg_trgm') then
    create index sessions_search_idx on sessions using gin (
      (session_name || e'\x01' || coalesce(job_name, '') || e'\x01' || coalesce(computer, '') || e'\x01' || coalesce(server_name, ''))
      gin_trgm_ops
    );
  end if;
end;
$$;

-- ── A number that changes with every commit ────────────────────────────────────────────────────────────────────────
-- The sum over the slots is the version of the history; ETags are made of it. Each writer takes a slot that nobody has
-- locked, so writers never wait for each other here.

create table changes (
  slot integer not null,
  version bigint not null default 0,
  constraint changes_pkey primary key (slot)
) with (fillfactor = 50);
insert into changes (slot) select generate_series(1, 16);

create function note_change() returns trigger language plpgsql as $$
begin
  update changes set version = version + 1
  where slot = (select slot from changes order by slot limit 1 for update skip locked);
  if not found then
    insert into changes (slot, version) values (1000 + (random() * 1e9)::integer, 1)
    on conflict (slot) do update set version = changes.version + 1;
  end if;
  return null;
end;
$$;
create trigger note_change after insert or update or delete or truncate on sources for each statement execute function note_change();
create trigger note_change after insert or update or delete or truncate on servers for each statement execute function note_change();
create trigger note_change after insert or update or delete or truncate on jobs for each statement execute function note_change();
create trigger note_change after insert or update or delete or truncate on sessions for each statement execute function note_change();
create trigger note_change after insert or update or delete or truncate on session_links for each statement execute function note_change();
create trigger note_change after insert or update or delete or truncate on tasks for each statement execute function note_change();
create trigger note_change after insert or update or delete or truncate on sync_runs for each statement execute function note_change();
create trigger note_change after insert or update or delete or truncate on unreadable_records for each statement execute function note_change();

-- ── Views that were missing ────────────────────────────────────────────────────────────────────────────────────────

create view report.source_health as
select
  source.name as source,
  last_run.started_at as last_run_at,
  last_run.status as last_status,
  success.finished_at as last_success_at,
  -- Enterprise Manager lists 30 days: what was created right after the last good run leaves the list 30 days later.
  (30 - extract(epoch from now() - success.started_at) / 86400)::double precision as days_until_loss,
  (
    select count(*) from sessions as session
    where session.source_id = source.id and not session.is_final and session.lost_at is null
  )::integer as unfinished,
  coalesce(last_run.missing, 0) as missing,
  (
    select session.created_at from sessions as session
    where session.source_id = source.id order by session.created_at desc limit 1
  ) as newest_session_at,
  source.last_collected_at
from sources as source
left join lateral (
  select run.started_at, run.status, run.missing from sync_runs as run
  where run.source_id = source.id and run.trigger <> 'backfill'
  order by run.started_at desc limit 1
) as last_run on true
left join lateral (
  select run.started_at, run.finished_at from sync_runs as run
  where run.source_id = source.id and run.status = 'succeeded' and run.trigger <> 'backfill'
  order by run.started_at desc limit 1
) as success on true;

comment on view report.source_health is 'How every Enterprise Manager stands: is it read, and is everything there?';
comment on column report.source_health.source is 'Name of the Enterprise Manager.';
comment on column report.source_health.last_run_at is 'Start of the newest run (UTC).';
comment on column report.source_health.last_status is 'running, succeeded or failed.';
comment on column report.source_health.last_success_at is 'End of the newest run that succeeded (UTC).';
comment on column report.source_health.days_until_loss is 'Days until sessions that were never read begin to leave the 30 days that Enterprise Manager lists; below 0 it has begun; null before the first success.';
comment on column report.source_health.unfinished is 'Sessions without a final result that may still get one.';
comment on column report.source_health.missing is 'Sessions the newest run saw listed and did not store: 0, or a hole.';
comment on column report.source_health.newest_session_at is 'Start of the newest session (UTC).';
comment on column report.source_health.last_collected_at is 'When Enterprise Manager last collected data from its backup servers, where the account may read it.';

create view report.dim_date as
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

comment on view report.dim_date is 'One row a day, from 2010 to two years ahead: the date dimension for BI tools.';
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
