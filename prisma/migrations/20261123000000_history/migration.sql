-- The tables of schema.prisma, as Prisma writes them, with what Prisma cannot say: generated columns and partial
-- indexes. A test holds both against each other.

create table sources (
  id serial not null,
  name text not null,
  url text not null,
  fence bigint not null default 0,
  last_listed_at timestamptz(6),
  last_collected_at timestamptz(6),
  tasks_mode text not null default 'none',
  first_seen_at timestamptz(6) not null default current_timestamp,
  constraint sources_pkey primary key (id)
);

create table servers (
  source_id integer not null,
  server_id uuid not null,
  server_name text not null,
  description text,
  version text,
  extra jsonb,
  first_seen_at timestamptz(6) not null default current_timestamp,
  last_seen_at timestamptz(6) not null default current_timestamp,
  constraint servers_pkey primary key (source_id,server_id)
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
  extra jsonb,
  first_seen_at timestamptz(6) not null default current_timestamp,
  constraint jobs_pkey primary key (source_id,job_id)
);

create table sessions (
  source_id integer not null,
  session_id uuid not null,
  session_name text not null,
  kind text not null,
  job_type text,
  job_id uuid,
  job_name text,
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
  -- EM has said its last word on the end; results can still be corrected. Same rule as isFinal in src/domain.
  is_final boolean generated always as (
    coalesce(state = 'Stopped' and result not in ('', 'None') and ended_at is not null, false)
  ) stored,
  outcome text generated always as (
    case
      when coalesce(state = 'Stopped' and result not in ('', 'None') and ended_at is not null, false) then
        case result when 'Success' then 'success' when 'Warning' then 'warning' when 'Failed' then 'failed' else 'unknown' end
      when lost_at is not null then 'lost'
      -- Known from a reference alone: whether it runs, nobody has said.
      when state is null then 'unknown'
      else 'running'
    end
  ) stored,
  constraint sessions_pkey primary key (source_id,session_id)
);

create table session_links (
  source_id integer not null,
  child_session_id uuid not null,
  parent_session_id uuid not null,
  constraint session_links_pkey primary key (source_id,child_session_id)
);

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
  constraint tasks_pkey primary key (source_id,task_id)
);

create table task_backlog (
  source_id integer not null,
  session_id uuid not null,
  created_at timestamptz(6) not null,
  attempts integer not null default 0,
  due_at timestamptz(6) not null default current_timestamp,
  constraint task_backlog_pkey primary key (source_id,session_id)
);

create table listed_records (
  source_id integer not null,
  fingerprint uuid not null,
  session_id uuid not null,
  constraint listed_records_pkey primary key (source_id,fingerprint)
);

create table unreadable_records (
  source_id integer not null,
  fingerprint uuid not null,
  session_id uuid,
  reason text not null,
  record text not null,
  first_seen_at timestamptz(6) not null default current_timestamp,
  last_seen_at timestamptz(6) not null default current_timestamp,
  constraint unreadable_records_pkey primary key (source_id,fingerprint)
);

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
  unchanged integer not null default 0,
  unreadable integer not null default 0,
  missing integer not null default 0,
  requests integer not null default 0,
  bytes_received bigint not null default 0,
  error_kind text,
  error_message text,
  constraint sync_runs_pkey primary key (run_id)
);

create table backfills (
  source_id integer not null,
  read_down_to timestamptz(6) not null,
  constraint backfills_pkey primary key (source_id)
);

create unique index sources_name_key on sources(name);
create index sessions_source_id_job_id_created_at_idx on sessions(source_id, job_id, created_at);
create index sessions_source_id_server_id_created_at_idx on sessions(source_id, server_id, created_at);
create index sessions_created_at_source_id_session_id_idx on sessions(created_at, source_id, session_id);
create index session_links_source_id_parent_session_id_idx on session_links(source_id, parent_session_id);
create index tasks_source_id_session_id_idx on tasks(source_id, session_id);
create index task_backlog_source_id_created_at_idx on task_backlog(source_id, created_at desc);
create index sync_runs_source_id_started_at_idx on sync_runs(source_id, started_at desc);

-- Few rows at any time: what every run looks at again.
create index sessions_unfinished_idx on sessions(source_id, session_id) where not is_final and lost_at is null;
