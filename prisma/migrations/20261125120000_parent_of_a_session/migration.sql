-- Each session knows its parent itself, instead of in a table beside it: one row to write and one to read. And the indexes
-- that cost most for each session written are made lighter.

-- ── Indexes that are made anew below; the table is written anew before, with those that stay ───────────────────────

drop index sessions_kind_created_at_idx;
drop index sessions_outcome_created_at_idx;
drop index if exists sessions_search_idx;
-- With the session first: readers of schema `report` join by its id alone.
alter table sessions drop constraint sessions_pkey;

-- ── The parent ─────────────────────────────────────────────────────────────────────────────────────────────────────

alter table sessions add column parent_session_id uuid;

-- Written anew in one pass: an update would leave a dead row beside each.
do $$
begin
  if exists (select from session_links) then
    execute 'create function parent_of(of_source integer, of_session uuid) returns uuid language sql stable as
      ''select parent_session_id from session_links where child_session_id = of_session and source_id = of_source''';
    alter table sessions alter column parent_session_id type uuid using parent_of(source_id, session_id);
    drop function parent_of(integer, uuid);
  end if;
end;
$$;

alter table sessions add constraint sessions_pkey primary key (session_id, source_id);
create index sessions_parent_idx on sessions(parent_session_id, source_id) where parent_session_id is not null;

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
  -- job's, and that of a child job ends in its computer's: what is in the text already is not repeated, for a text half as
  -- long is indexed in half the time.
  session.session_name
    || case when strpos(session.session_name, session.job_name) > 0 then '' else coalesce(e'\x01' || session.job_name, '') end
    || case when strpos(session.job_name, session.computer) > 0 then '' else coalesce(e'\x01' || session.computer, '') end
    || coalesce(e'\x01' || session.server_name, '') as search_text,
  -- Most are named after their job and the time they were created.
  coalesce(
    not starts_with(session.session_name, session.job_name || '@')
      or translate(substr(session.session_name, length(session.job_name) + 2), '0123456789-:. +TZ', '') <> '',
    true
  ) as is_named_otherwise
from sessions as session
join sources as source on source.id = session.source_id;

create or replace view report.session_links as
select
  source.name as source,
  session.parent_session_id,
  session.session_id as child_session_id,
  exists (
    select from sessions as parent
    where parent.source_id = session.source_id and parent.session_id = session.parent_session_id
  ) as parent_known,
  session.created_at
from sessions as session
join sources as source on source.id = session.source_id
where session.parent_session_id is not null;

comment on column report.session_links.created_at is 'Start of the child (UTC).';

drop table session_links;

-- ── Lighter indexes ────────────────────────────────────────────────────────────────────────────────────────────────
-- Nearly every session is a computer's, and most succeed: a page of those is met along created_at at once.

create index sessions_rare_kind_idx on sessions(kind, created_at) where kind <> 'computer';
create index sessions_rare_outcome_idx on sessions(outcome, created_at) where outcome <> 'success';

do $$
begin
  if exists (select from pg_extension where extname = 'pg_trgm') then
    create index sessions_search_idx on sessions using gin (
      (session_name
        || case when strpos(session_name, job_name) > 0 then '' else coalesce(e'\x01' || job_name, '') end
        || case when strpos(job_name, computer) > 0 then '' else coalesce(e'\x01' || computer, '') end
        || coalesce(e'\x01' || server_name, ''))
      gin_trgm_ops
    );
  end if;
end;
$$;

analyze sessions;
