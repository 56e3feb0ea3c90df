-- The tables, with their keys and indexes. schema.prisma says what each column is; what Prisma cannot say stands here, beside
-- the table it belongs to: generated columns, partial indexes, indexes on expressions, extended statistics.
--
-- Every key holds source_id, and sources never share a row, so that the tables can be partitioned or distributed by source.
-- There are no triggers: what is kept beside the sessions is kept by the statements of src/db, in the transaction that
-- writes the sessions.
--
-- Later migrations are called 4_… to 9_…, then 9a_…, 9b_…: Prisma applies them in the order of their names as text.

-- ── Sources ────────────────────────────────────────────────────────────────────────────────────────────────────────

create table sources (
  id serial not null,
  name text not null,
  url text not null,
  fence bigint not null default 0,
  version bigint not null default 0,
  last_listed_at timestamptz(6),
  last_collected_at timestamptz(6),
  tasks_mode text not null default 'none',
  interval_seconds double precision,
  refused_credentials text,
  computers_read_at timestamptz(6),
  learned jsonb,
  deltas jsonb,
  first_seen_at timestamptz(6) not null default current_timestamp,
  constraint sources_pkey primary key (id)
);
create unique index sources_name_key on sources (name);

-- ── What sessions are about ────────────────────────────────────────────────────────────────────────────────────────

create table servers (
  source_id integer not null,
  server_id uuid not null,
  server_name text not null,
  description text,
  version text,
  extra jsonb,
  first_seen_at timestamptz(6) not null default current_timestamp,
  last_seen_at timestamptz(6) not null default current_timestamp,
  change_number bigint not null default 0,
  last_changed_at timestamptz(6),
  constraint servers_pkey primary key (source_id, server_id)
);

create table jobs (
  source_id integer not null,
  job_id uuid not null,
  job_name text not null,
  kind text not null,
  server_id uuid,
  server_name text,
  job_type text,
  platform text,
  description text,
  schedule_enabled boolean,
  next_run_at timestamptz(6),
  computer text,
  computer_is_exact boolean not null default false,
  computer_seen_at timestamptz(6),
  policy_id uuid,
  extra jsonb,
  first_seen_at timestamptz(6) not null default current_timestamp,
  change_number bigint not null default 0,
  last_changed_at timestamptz(6),
  constraint jobs_pkey primary key (source_id, job_id)
);

create table discovered_computers (
  source_id integer not null,
  computer_id uuid not null,
  computer text not null,
  extra jsonb,
  first_seen_at timestamptz(6) not null default current_timestamp,
  last_seen_at timestamptz(6) not null default current_timestamp,
  constraint discovered_computers_pkey primary key (source_id, computer_id)
);

-- ── Sessions ───────────────────────────────────────────────────────────────────────────────────────────────────────

create table sessions (
  source_id integer not null,
  session_id uuid not null,
  session_name text not null,
  kind text not null,
  job_type text,
  job_id uuid,
  job_name text,
  parent_session_id uuid,
  server_id uuid,
  server_name text,
  state text,
  result text,
  is_retry boolean not null,
  created_at timestamptz(6) not null,
  ended_at timestamptz(6),
  progress integer,
  failure_message text,
  extra jsonb,
  computer text,
  computer_is_exact boolean not null default false,
  task_count integer,
  task_reason text,
  processed_bytes bigint,
  first_seen_at timestamptz(6) not null default current_timestamp,
  last_seen_at timestamptz(6),
  last_changed_at timestamptz(6) not null default current_timestamp,
  lost_at timestamptz(6),
  fingerprint uuid,
  change_number bigint not null default 0,
  run_started_at timestamptz(6),
  is_last_attempt boolean not null default true,
  -- EM has said its last word on the end; results can still be corrected. Same rule as isFinal in src/domain.
  is_final boolean generated always as (
    coalesce(state = 'Stopped' and result not in ('', 'None') and ended_at is not null, false)
  ) stored,
  outcome text generated always as (
    case
      when coalesce(state = 'Stopped' and result not in ('', 'None') and ended_at is not null, false) then
        case result when 'Success' then 'success' when 'Warning' then 'warning' when 'Failed' then 'failed' else 'unknown' end
      when lost_at is not null then 'lost'
      -- Known from a reference alone: nobody has said whether it runs.
      when state is null then 'unknown'
      else 'running'
    end
  ) stored,
  -- One session by its id. The id comes first because readers of schema `report` join by it alone.
  constraint sessions_pkey primary key (session_id, source_id)
);

-- The poll: which listed records are known? Answered from the index alone.
create index sessions_listed_idx on sessions (source_id, session_id) include (fingerprint) where fingerprint is not null;
-- What may still get a result? A few rows at any time; every run looks at them again.
create index sessions_unfinished_idx on sessions (source_id, session_id) where not is_final and lost_at is null;
-- What has changed since number N? Rows of one commit share a number, so the index stays small.
create index sessions_source_id_change_number_idx on sessions (source_id, change_number);
-- The neighbours of a session in its job (runs), a job's newest session, the filter `jobId`.
create index sessions_job_id_created_at_session_id_idx on sessions (job_id, created_at, session_id);
-- The children of a session, the filter `parentId`.
create index sessions_parent_idx on sessions (parent_session_id, source_id) where parent_session_id is not null;

-- The whole history in the order of time, and that of one source or one backup server (its newest session).
create index sessions_created_at_source_id_session_id_idx on sessions (created_at, source_id, session_id);
create index sessions_source_id_created_at_idx on sessions (source_id, created_at);
create index sessions_source_id_server_id_created_at_idx on sessions (source_id, server_id, created_at);

-- An index for each filter, in the order of time: an equal filter walks its index in the order of the answer and stops after
-- a page. Names go in with their first 100 characters: an index entry has room for 2,700 bytes, and a name may be longer.
create index sessions_server_name_prefix_idx on sessions (left(server_name, 100), created_at);
create index sessions_job_name_prefix_idx on sessions (left(job_name, 100), created_at);
create index sessions_computer_prefix_idx on sessions (left(computer, 100), created_at);
-- For readers of schema `report`, who do not know of prefixes: computer = '…'. A hash entry has room for names of any length.
create index sessions_computer_hash_idx on sessions using hash (computer);
-- Values that nearly every session has are met along created_at at once; these indexes hold the others only.
create index sessions_rare_kind_idx on sessions (kind, created_at) where kind <> 'computer';
create index sessions_rare_outcome_idx on sessions (outcome, created_at) where outcome <> 'success';
create index sessions_rare_result_idx on sessions (left(result, 100), created_at) where result <> 'Success';
create index sessions_rare_state_idx on sessions (left(state, 100), created_at) where state <> 'Stopped';
create index sessions_rare_job_type_idx on sessions (left(job_type, 100), created_at) where job_type <> 'AgentManagement';
create index sessions_retries_idx on sessions (created_at) where is_retry;
-- How far may an end lie from its start? With that, a filter on ended_at bounds the walk along created_at. Few rows.
create index sessions_odd_duration_idx on sessions ((ended_at - created_at))
  where ended_at < created_at or ended_at - created_at > interval '1 day';
-- The filter `search` finds jobs by their names first. Sessions that are not named after their job and a time
-- (`is_named_otherwise` in session_rows) are looked through one by one. Few rows.
create index sessions_named_otherwise_idx on sessions (created_at) where coalesce(
  not starts_with(session_name, job_name || '@')
    or translate(substr(session_name, length(job_name) + 2), '0123456789-:. +TZ', '') <> '',
  true
);
-- The runs of a day, or of the last days; those of a day of one source, for table daily_totals.
create index sessions_run_day_idx on sessions (((coalesce(run_started_at, created_at) at time zone 'UTC')::date), source_id);

-- Which values go together? Without it the planner takes them for independent, expects a page of failed successes within a
-- moment, and walks the whole history in search of it.
create statistics sessions_words_stats (mcv) on kind, job_type, result, state, is_retry, outcome from sessions;
-- A backup server belongs to one source. Statistics on expressions came with PostgreSQL 14.
do $$
begin
  if current_setting('server_version_num')::integer >= 140000 then
    execute 'create statistics sessions_place_stats (mcv) on source_id, (left(server_name, 100)) from sessions';
    -- The one-column keys of schema `report`: without an idea of how many there are, joins by them are not hashed.
    execute 'create statistics sessions_job_key_stats on (source_id || '':'' || job_id) from sessions';
    execute 'create statistics sessions_server_key_stats on (source_id || '':'' || server_id) from sessions';
    execute 'create statistics sessions_computer_key_stats on (source_id || '':'' || computer) from sessions';
    execute 'create statistics jobs_key_stats on (source_id || '':'' || job_id) from jobs';
    execute 'create statistics servers_key_stats on (source_id || '':'' || server_id) from servers';
  end if;
end;
$$;

-- ── Kept beside the sessions ───────────────────────────────────────────────────────────────────────────────────────

create table computers (
  source_id integer not null,
  computer_key uuid not null,
  computer text not null,
  is_stale boolean not null default true,
  first_run_at timestamptz(6),
  last_session_at timestamptz(6),
  last_outcome text,
  last_success_at timestamptz(6),
  consecutive_failures integer not null default 0,
  usual_interval_seconds double precision,
  expected_by timestamptz(6),
  last_job_id uuid,
  last_server_id uuid,
  change_number bigint not null default 0,
  last_changed_at timestamptz(6),
  constraint computers_pkey primary key (source_id, computer_key)
);
-- Which computers are still to be worked out?
create index computers_stale_idx on computers (source_id) where is_stale;

create table daily_totals (
  source_id integer not null,
  day date not null,
  server_id uuid not null,
  policy_id uuid not null,
  kind text not null,
  customer text not null,
  total integer not null,
  success integer not null,
  warning integer not null,
  failed integer not null,
  running integer not null,
  lost integer not null,
  unknown integer not null,
  retries integer not null,
  duration_seconds_sum double precision not null,
  processed_bytes_sum numeric not null,
  constraint daily_totals_pkey primary key (source_id, day, server_id, policy_id, kind, customer)
);
-- A year of all sources.
create index daily_totals_day_idx on daily_totals (day);

create table stale_days (
  source_id integer not null,
  day date not null,
  constraint stale_days_pkey primary key (source_id, day)
);

create table session_names (
  source_id integer not null,
  name_key uuid not null,
  job_name text not null,
  names text not null,
  constraint session_names_pkey primary key (source_id, name_key)
);
-- Substrings of names. Without the extension (it needs contrib, and the right to create in the database) `search` reads the
-- names one by one.
do $$
begin
  create extension if not exists pg_trgm;
exception when insufficient_privilege or undefined_file or feature_not_supported then
  raise notice 'pg_trgm is not available: %', sqlerrm;
end;
$$;
do $$
begin
  if exists (select 1 from pg_extension where extname = 'pg_trgm') then
    create index session_names_search_idx on session_names using gin (names gin_trgm_ops);
  end if;
end;
$$;

create table tasks (
  source_id integer not null,
  task_id uuid not null,
  session_id uuid not null,
  task_name text not null,
  machine text,
  state text,
  result text,
  reason text,
  total_bytes bigint,
  created_at timestamptz(6),
  ended_at timestamptz(6),
  extra jsonb,
  change_number bigint not null default 0,
  last_changed_at timestamptz(6),
  constraint tasks_pkey primary key (source_id, task_id)
);
-- The tasks of a session, and those of the last days.
create index tasks_source_id_session_id_idx on tasks (source_id, session_id);
create index tasks_created_at_idx on tasks (created_at);

-- ── What was read, and what is still to be read ────────────────────────────────────────────────────────────────────

create table sync_runs (
  run_id uuid not null,
  source_id integer not null,
  trigger text not null,
  form text,
  status text not null,
  started_at timestamptz(6) not null default current_timestamp,
  finished_at timestamptz(6),
  listed integer not null default 0,
  new_sessions integer not null default 0,
  changed integer not null default 0,
  unchanged integer,
  unreadable integer not null default 0,
  unfetched integer,
  missing integer,
  holes integer,
  requests integer not null default 0,
  bytes_received bigint not null default 0,
  error_kind text,
  error_message text,
  constraint sync_runs_pkey primary key (run_id, source_id)
);
-- The newest runs of a source, and those of all.
create index sync_runs_source_id_started_at_idx on sync_runs (source_id, started_at desc);
create index sync_runs_started_at_idx on sync_runs (started_at);

create table coverage (
  source_id integer not null,
  from_at timestamptz(6) not null,
  to_at timestamptz(6) not null,
  via text,
  read_at timestamptz(6),
  reason text,
  attempts integer not null default 0,
  first_seen_at timestamptz(6) not null,
  last_tried_at timestamptz(6),
  due_at timestamptz(6),
  constraint coverage_pkey primary key (source_id, from_at)
);

create table holes (
  source_id integer not null,
  hole_key uuid not null,
  kind text not null,
  session_id uuid,
  reason text not null,
  record text,
  form text,
  parser integer not null default 0,
  attempts integer not null default 0,
  first_seen_at timestamptz(6) not null,
  last_tried_at timestamptz(6),
  due_at timestamptz(6) not null,
  constraint holes_pkey primary key (source_id, hole_key)
);

create table task_backlog (
  source_id integer not null,
  session_id uuid not null,
  created_at timestamptz(6) not null,
  change_number bigint not null default 0,
  is_second_look boolean not null default false,
  attempts integer not null default 0,
  reason text,
  first_failed_at timestamptz(6),
  last_tried_at timestamptz(6),
  due_at timestamptz(6) not null,
  constraint task_backlog_pkey primary key (source_id, session_id)
);
-- The next sessions, newest first.
create index task_backlog_source_id_created_at_idx on task_backlog (source_id, created_at desc);
-- The ones that are holes: after a first sync the backlog is long, and few of it have failed.
create index task_backlog_failed_idx on task_backlog (source_id) where attempts > 0;

create table backfills (
  source_id integer not null,
  since timestamptz(6),
  again_until timestamptz(6),
  constraint backfills_pkey primary key (source_id)
);

-- ── What people say of sources, servers, jobs and computers ───────────────────────────────────────────────────────

create table labels (
  source_id integer not null,
  scope text not null,
  target_key uuid not null,
  computer text,
  labels jsonb not null,
  customer text generated always as (labels ->> 'customer') stored,
  site text generated always as (labels ->> 'site') stored,
  constraint labels_pkey primary key (source_id, scope, target_key)
);
-- A session's computer is found by its name: a key would have to be worked out for each session.
create unique index labels_source_id_scope_computer_key on labels (source_id, scope, computer);

-- ── The service ────────────────────────────────────────────────────────────────────────────────────────────────────

create table api_keys (
  id uuid not null default gen_random_uuid(),
  name text not null,
  scope text not null,
  key_hash bytea not null,
  created_at timestamptz(6) not null default current_timestamp,
  last_used_at timestamptz(6),
  expires_at timestamptz(6),
  revoked_at timestamptz(6),
  sources text[] not null default '{}',
  customers text[] not null default '{}',
  constraint api_keys_pkey primary key (id)
);
create unique index api_keys_key_hash_key on api_keys (key_hash);

-- One row. Tells this history's queue from those of other histories in the same Redis.
create table installation (
  id uuid not null default gen_random_uuid(),
  constraint installation_pkey primary key (id)
);
insert into installation default values;
