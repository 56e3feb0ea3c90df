-- Sessions are many, their names are few: a search looks among the names first, and then for sessions of those jobs. The index
-- on parts of words alone is slow where names differ in digits: most rows have nearly all the parts of PC-100000.

-- Every combination of names that a session has, or once had.
create table session_names (
  source_id integer not null,
  -- Names are as long as they like; an index entry is not.
  name_key uuid not null,
  job_name text not null,
  names text not null,
  constraint session_names_pkey primary key (source_id, name_key)
);

create function keep_session_names() returns trigger language plpgsql as $$
begin
  insert into session_names (source_id, name_key, job_name, names)
  select source_id, computer_key(names), job_name, names
  from (
    select distinct
      source_id, job_name, job_name || coalesce(e'\x01' || computer, '') || coalesce(e'\x01' || server_name, '') as names
    from new_rows
    where job_name is not null
  ) as written
  on conflict do nothing;
  return null;
end;
$$;

-- For a history that was written while triggers were off. Names that no session has any more do no harm.
create function rebuild_session_names() returns void language sql as $$
  insert into session_names (source_id, name_key, job_name, names)
  select source_id, computer_key(names), job_name, names
  from (
    select distinct
      source_id, job_name, job_name || coalesce(e'\x01' || computer, '') || coalesce(e'\x01' || server_name, '') as names
    from sessions
    where job_name is not null
  ) as written
  on conflict do nothing;
$$;
select rebuild_session_names();

do $$
begin
  if exists (select from pg_extension where extname = 'pg_trgm') then
    create index session_names_search_idx on session_names using gin (names gin_trgm_ops);
  end if;
end;
$$;

-- Triggers fire in the order of their names: `keep_runs…` has locked the source by then.
create trigger keep_session_names_of_new after insert on sessions referencing new table as new_rows
  for each statement execute function keep_session_names();
create trigger keep_session_names_of_changed after update on sessions referencing new table as new_rows
  for each statement execute function keep_session_names();

-- Sessions that are not named after their job and a time (`is_named_otherwise` in session_rows) are looked through one by one.
create index sessions_named_otherwise_idx on sessions(created_at) where coalesce(
  not starts_with(session_name, job_name || '@')
    or translate(substr(session_name, length(job_name) + 2), '0123456789-:. +TZ', '') <> '',
  true
);

analyze session_names;
