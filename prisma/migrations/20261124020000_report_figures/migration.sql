-- Figures that stay fast however long the history grows: each session knows its place in its run, and what a computer's row
-- needs of the past is kept beside it. Triggers keep both in the transaction that writes the sessions, whoever writes them.

-- ── Runs: a first attempt and its retries ──────────────────────────────────────────────────────────────────────────

alter table sessions
  -- When the run began that this retry belongs to; null: it begins a run itself.
  add column run_started_at timestamptz(6),
  -- Whether no retry follows it: then it stands for its run, with its outcome and its end.
  add column is_last_attempt boolean not null default true;

-- The rule, in one place: what `keep_runs` keeps must equal it, and `rebuild_figures` goes back to it. The first known
-- session of a job begins a run, even if it is a retry: its first attempt is not known.
create view session_attempts as
select
  source_id,
  session_id,
  case
    when not begins_run
      then max(created_at) filter (where begins_run) over (partition by source_id, job_id order by created_at, session_id)
  end as run_started_at,
  job_id is null or not coalesce(next_is_retry, false) as is_last_attempt
from (
  select
    source_id,
    session_id,
    job_id,
    created_at,
    job_id is null or not is_retry or lag(session_id) over job_in_time is null as begins_run,
    lead(is_retry) over job_in_time as next_is_retry
  from sessions
  window job_in_time as (partition by source_id, job_id order by created_at, session_id)
) as session;

create type touched_session as (
  source_id integer,
  session_id uuid,
  job_id uuid,
  kind text,
  computer text,
  created_at timestamptz,
  is_retry boolean
);

-- One session's name of the computer is as long as it likes; an index entry is not.
create function computer_key(computer text) returns uuid language sql stable as
  $$ select encode(substring(sha256(convert_to(computer, 'UTF8')) for 16), 'hex')::uuid $$;

-- Puts the runs right around sessions that were written. `touched` holds them as they are now, and as they were before.
create function keep_runs(touched touched_session[], are_new boolean) returns void language plpgsql
-- The plan made while the table is small must still do when it is not.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  if touched is null then return; end if;
  -- Writers of one source go one after the other, or each would miss what the other wrote.
  perform from sources where id in (select one.source_id from unnest(touched) as one) order by id for no key update;

  with moment as materialized (
    select one.source_id, one.session_id, one.job_id, one.created_at, one.is_retry, next.is_retry as next_is_retry
    from unnest(touched) as one
    left join lateral (
      select session.is_retry
      from sessions as session
      where session.source_id = one.source_id
        and session.job_id = one.job_id
        and (session.created_at, session.session_id) > (one.created_at, one.session_id)
      order by session.created_at, session.session_id
      limit 1
    ) as next on true
  ),
  -- From where to where a run can have changed. Backwards to the first session that this transaction did not write: it may
  -- have become, or may have been, a last attempt, and one statement may have put others between (its inserts and its updates
  -- come here one after the other). Forwards over the retries that may belong to another run now.
  range as materialized (
    select
      moment.source_id,
      moment.job_id,
      coalesce(
        (
          select session.created_at
          from sessions as session
          where session.source_id = moment.source_id
            and session.job_id = moment.job_id
            and (session.created_at, session.session_id) < (moment.created_at, moment.session_id)
            and session.xmin <> pg_current_xact_id()::xid
          order by session.created_at desc, session.session_id desc
          limit 1
        ),
        '-infinity'
      ) as start,
      coalesce(
        (
          select session.created_at
          from sessions as session
          where session.source_id = moment.source_id
            and session.job_id = moment.job_id
            and (session.created_at, session.session_id) > (moment.created_at, moment.session_id)
            and not session.is_retry
          order by session.created_at, session.session_id
          limit 1
        ),
        'infinity'
      ) as stop
    from moment
    -- Most sessions are no retry and are followed by none: they need no more than that one look.
    where moment.is_retry or moment.next_is_retry
  ),
  affected as (
    select source_id, session_id from moment where not are_new or is_retry or next_is_retry
    union
    select session.source_id, session.session_id
    from range
    join sessions as session
      on session.source_id = range.source_id
      and session.job_id = range.job_id
      and session.created_at between range.start and range.stop
  ),
  settled as (
    update sessions as session
    set run_started_at = fresh.run_started_at, is_last_attempt = fresh.is_last_attempt
    from (
      select
        session.source_id,
        session.session_id,
        case when session.is_retry
          then coalesce(starter.created_at, case when first.session_id <> session.session_id then first.created_at end)
        end as run_started_at,
        not coalesce(next.is_retry, false) as is_last_attempt
      from affected
      join sessions as session
        on session.source_id = affected.source_id and session.session_id = affected.session_id
      left join lateral (
        select later.is_retry
        from sessions as later
        where later.source_id = session.source_id
          and later.job_id = session.job_id
          and (later.created_at, later.session_id) > (session.created_at, session.session_id)
        order by later.created_at, later.session_id
        limit 1
      ) as next on true
      left join lateral (
        select earlier.created_at
        from sessions as earlier
        where session.is_retry
          and earlier.source_id = session.source_id
          and earlier.job_id = session.job_id
          and (earlier.created_at, earlier.session_id) < (session.created_at, session.session_id)
          and not earlier.is_retry
        order by earlier.created_at desc, earlier.session_id desc
        limit 1
      ) as starter on true
      left join lateral (
        select earliest.created_at, earliest.session_id
        from sessions as earliest
        where session.is_retry and earliest.source_id = session.source_id and earliest.job_id = session.job_id
        order by earliest.created_at, earliest.session_id
        limit 1
      ) as first on true
    ) as fresh
    where session.source_id = fresh.source_id
      and session.session_id = fresh.session_id
      and (session.run_started_at, session.is_last_attempt) is distinct from (fresh.run_started_at, fresh.is_last_attempt)
    returning session.source_id, session.kind, session.computer
  )
  insert into computers as known (source_id, computer_key, computer)
  select changed.source_id, computer_key(changed.computer), changed.computer
  from (
    select one.source_id, one.kind, one.computer from unnest(touched) as one
    union
    select settled.source_id, settled.kind, settled.computer from settled
  ) as changed
  where changed.kind = 'computer' and changed.computer is not null
  on conflict (source_id, computer_key) do update set is_stale = true where not known.is_stale;
end;
$$;

create function note_new_sessions() returns trigger language plpgsql as $$
begin
  perform keep_runs(
    (select array_agg(row(source_id, session_id, job_id, kind, computer, created_at, is_retry)::touched_session) from new_rows), true
  );
  return null;
end;
$$;
create function note_changed_sessions() returns trigger language plpgsql as $$
begin
  perform keep_runs(
    (
      select array_agg(image.touched)
      from new_rows
      join old_rows on old_rows.source_id = new_rows.source_id and old_rows.session_id = new_rows.session_id
      cross join lateral (
        values
          (row(new_rows.source_id, new_rows.session_id, new_rows.job_id, new_rows.kind, new_rows.computer, new_rows.created_at, new_rows.is_retry)::touched_session),
          (row(old_rows.source_id, old_rows.session_id, old_rows.job_id, old_rows.kind, old_rows.computer, old_rows.created_at, old_rows.is_retry)::touched_session)
      ) as image(touched)
      where (new_rows.job_id, new_rows.kind, new_rows.computer, new_rows.created_at, new_rows.ended_at, new_rows.is_retry, new_rows.outcome)
        is distinct from
        (old_rows.job_id, old_rows.kind, old_rows.computer, old_rows.created_at, old_rows.ended_at, old_rows.is_retry, old_rows.outcome)
    ),
    false
  );
  return null;
end;
$$;
create function note_deleted_sessions() returns trigger language plpgsql as $$
begin
  perform keep_runs(
    (select array_agg(row(source_id, session_id, job_id, kind, computer, created_at, is_retry)::touched_session) from old_rows), false
  );
  return null;
end;
$$;
create trigger keep_runs_of_new after insert on sessions referencing new table as new_rows
  for each statement execute function note_new_sessions();
create trigger keep_runs_of_changed after update on sessions referencing new table as new_rows old table as old_rows
  for each statement execute function note_changed_sessions();
create trigger keep_runs_of_deleted after delete on sessions referencing old table as old_rows
  for each statement execute function note_deleted_sessions();

-- ── Computers ──────────────────────────────────────────────────────────────────────────────────────────────────────

-- Every computer that ever had a session, with what its past says. A stale row is worked out when it is asked for, and for
-- good at the end of the run that made it stale: figures are exact at any moment, and a batch pays for a mark only.
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
  constraint computers_pkey primary key (source_id, computer_key)
);
create index computers_stale_idx on computers (source_id) where is_stale;

-- What the past of a computer says, from its newest runs. No rows: it has no session.
create function summarize_computer(of_source integer, of_computer text)
returns table (
  first_run_at timestamptz,
  last_session_at timestamptz,
  last_outcome text,
  last_success_at timestamptz,
  consecutive_failures integer,
  usual_interval_seconds double precision
)
-- With a setting of its own it stays a function: written into the view, it would look so dear that compiling it took longer
-- than running it.
language sql stable rows 1
set jit = off
-- Readers of the view may read schema `report` only, and functions run as who asks. What it tells is in the view anyway.
security definer
as $$
  with run as not materialized (
    select session.created_at, session.session_id, coalesce(session.run_started_at, session.created_at) as started_at, session.outcome, session.ended_at
    from sessions as session
    where left(session.computer, 100) = left(of_computer, 100)
      and session.computer = of_computer
      and session.source_id = of_source
      and session.kind = 'computer'
      and session.is_last_attempt
  ),
  newest as (
    select created_at, outcome from run order by created_at desc, session_id desc limit 1
  ),
  oldest as (
    select started_at from run order by created_at, session_id limit 1
  ),
  success as (
    select created_at, session_id from run
    where outcome in ('success', 'warning')
    order by created_at desc, session_id desc
    limit 1
  )
  select
    (select started_at from oldest),
    newest.created_at,
    newest.outcome,
    -- An earlier run may have ended later; none takes a week.
    (
      select max(run.ended_at) from run, success
      where run.outcome in ('success', 'warning') and run.created_at >= success.created_at - interval '7 days'
    ),
    (
      select count(*)::integer from run left join success on true
      where run.outcome = 'failed'
        and (success.session_id is null or (run.created_at, run.session_id) > (success.created_at, success.session_id))
    ),
    (
      select (percentile_cont(0.5) within group (order by gap) filter (where gap > 0))::double precision
      from (
        select extract(epoch from started_at - lag(started_at) over (order by started_at)) as gap
        from (select started_at from run order by created_at desc, session_id desc limit 31) as latest
      ) as gaps
    )
  from newest
$$;

do $$
begin
  -- Temporary tables of whoever asks come last, or they could stand in for these.
  execute format('alter function summarize_computer(integer, text) set search_path = %I, pg_temp', current_schema());
  -- Up to PostgreSQL 14 everybody may make tables here.
  execute format('revoke create on schema %I from public', current_schema());
end;
$$;

-- Works out up to `most` stale computers of a source for good; how many it were.
create function settle_computers(of_source integer, most integer) returns integer language plpgsql as $$
declare
  settled integer;
begin
  perform from sources where id = of_source for no key update;
  with stale as materialized (
    select computer_key, computer from computers where source_id = of_source and is_stale limit most
  ),
  fresh as materialized (
    select stale.computer_key, summary.*
    from stale left join lateral summarize_computer(of_source, stale.computer) as summary on true
  ),
  gone as (
    delete from computers using fresh
    where computers.source_id = of_source and computers.computer_key = fresh.computer_key and fresh.last_session_at is null
  ),
  kept as (
    update computers
    set is_stale = false,
      first_run_at = fresh.first_run_at,
      last_session_at = fresh.last_session_at,
      last_outcome = fresh.last_outcome,
      last_success_at = fresh.last_success_at,
      consecutive_failures = fresh.consecutive_failures,
      usual_interval_seconds = fresh.usual_interval_seconds
    from fresh
    where computers.source_id = of_source and computers.computer_key = fresh.computer_key and fresh.last_session_at is not null
  )
  select count(*) into settled from fresh;
  return settled;
end;
$$;

-- Computers that Enterprise Manager knows and wants an agent on, whether they were ever backed up or not.
create table discovered_computers (
  source_id integer not null,
  computer_id uuid not null,
  computer text not null,
  extra jsonb,
  first_seen_at timestamptz(6) not null default current_timestamp,
  last_seen_at timestamptz(6) not null default current_timestamp,
  constraint discovered_computers_pkey primary key (source_id, computer_id)
);
create trigger note_change after insert or update or delete or truncate on discovered_computers
  for each statement execute function note_change();
alter table sources add column computers_read_at timestamptz(6);

-- ── From nothing ───────────────────────────────────────────────────────────────────────────────────────────────────

-- Works out again, from the sessions alone, everything that is kept beside them.
create function rebuild_figures() returns void language plpgsql as $$
begin
  lock table sessions in share row exclusive mode;
  update sessions as session
  set run_started_at = attempt.run_started_at, is_last_attempt = attempt.is_last_attempt
  from session_attempts as attempt
  where session.source_id = attempt.source_id
    and session.session_id = attempt.session_id
    and (session.run_started_at, session.is_last_attempt) is distinct from (attempt.run_started_at, attempt.is_last_attempt);
  delete from computers;
  insert into computers (source_id, computer_key, computer)
  select distinct source_id, computer_key(computer), computer from sessions where kind = 'computer' and computer is not null;
  analyze computers;
  perform settle_computers(id, 2147483647) from sources;
end;
$$;
select rebuild_figures();

-- Rows of a day, and rows of the last days.
create index sessions_run_day_idx on sessions (((coalesce(run_started_at, created_at) at time zone 'UTC')::date));
-- For readers of schema `report`, who do not know of prefixes: computer = '…'. A hash entry has room for names of any length.
create index sessions_computer_hash_idx on sessions using hash (computer);
-- Joined to sessions by their id alone, as a reader of schema `report` does.
alter table session_links
  drop constraint session_links_pkey,
  add constraint session_links_pkey primary key (child_session_id, source_id);
create index tasks_created_at_idx on tasks (created_at);
create index sync_runs_started_at_idx on sync_runs (started_at);

-- ── Views ──────────────────────────────────────────────────────────────────────────────────────────────────────────

create view report.daily_outcomes as
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
  least(coalesce(sum(session.processed_bytes), 0), 9223372036854775807)::bigint as processed_bytes_sum
from sessions as session
join sources as source on source.id = session.source_id
group by 1, 2, 3, 4, 5, 6;

comment on view report.daily_outcomes is 'Runs a day and job, each counted once: a first attempt with its retries is one run, with the outcome of the last attempt, on the UTC day of the first. Count kind computer or kind job; together they count twice.';
comment on column report.daily_outcomes.day is 'UTC day on which the first attempts were created.';
comment on column report.daily_outcomes.source is 'Name of the Enterprise Manager.';
comment on column report.daily_outcomes.server_name is 'Name of the Veeam backup server.';
comment on column report.daily_outcomes.job_id is 'GUID of the job.';
comment on column report.daily_outcomes.job_name is 'Name of the job at that time.';
comment on column report.daily_outcomes.kind is 'job, computer or other, as in report.sessions.';
comment on column report.daily_outcomes.total is 'Runs, whatever their outcome.';
comment on column report.daily_outcomes.success is 'Runs whose last attempt succeeded.';
comment on column report.daily_outcomes.warning is 'Runs whose last attempt succeeded with warnings.';
comment on column report.daily_outcomes.failed is 'Runs whose last attempt failed.';
comment on column report.daily_outcomes.running is 'Runs whose last attempt has no result yet.';
comment on column report.daily_outcomes.lost is 'Runs whose last attempt left Enterprise Manager without a result.';
comment on column report.daily_outcomes.retries is 'Further attempts, beyond the first of each run.';
comment on column report.daily_outcomes.duration_seconds_sum is 'Sum of the durations of all attempts, in seconds; attempts without an end add nothing.';
comment on column report.daily_outcomes.processed_bytes_sum is 'Sum of the sizes of all attempts, in bytes, as far as tasks were read.';

create view report.computers as
select
  source.name as source,
  computer.computer,
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
    > 2 * make_interval(secs => coalesce(past.usual_interval_seconds, 86400)) as is_overdue
from computers as computer
join sources as source on source.id = computer.source_id
cross join lateral (
  select
    computer.first_run_at, computer.last_session_at, computer.last_outcome, computer.last_success_at,
    computer.consecutive_failures, computer.usual_interval_seconds
  where not computer.is_stale
  union all
  select summary.*
  from summarize_computer(computer.source_id, computer.computer) as summary
  where computer.is_stale
) as past
left join (
  select
    source_id,
    computer,
    count(*) as sessions,
    -- A run that began before these days is none of theirs.
    count(*) filter (where in_time and outcome = 'success') as success,
    count(*) filter (where in_time and outcome = 'warning') as warning,
    count(*) filter (where in_time and outcome = 'failed') as failed,
    (avg(extract(epoch from ended_at - created_at)))::double precision as avg_duration_seconds
  from sessions
  cross join lateral (
    select is_last_attempt and coalesce(run_started_at, created_at) > now() - interval '720 hours' as in_time
  ) as run
  where kind = 'computer' and computer is not null and created_at > now() - interval '720 hours'
  group by source_id, computer
) as recent on recent.source_id = computer.source_id and recent.computer = computer.computer
union all
select
  source.name, never.computer, null, null, null, null, 0, 0, 0, 0, null, null, 0, null, true
from (select distinct source_id, computer from discovered_computers) as never
join sources as source on source.id = never.source_id
where not exists (
  select from computers as computer
  where computer.source_id = never.source_id and lower(computer.computer) = lower(never.computer)
);

comment on view report.computers is 'Every computer that ever had a session or that Enterprise Manager has discovered, with how its backups go. Rates, streaks and last outcomes count runs: a first attempt with its retries is one run.';
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
  recent.success::double precision / nullif(recent.success + recent.failed, 0) as success_rate_30d
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
  select session.ended_at
  from sessions as session
  where session.source_id = job.source_id
    and session.job_id = job.job_id
    and session.outcome in ('success', 'warning')
    and session.is_last_attempt
  order by session.created_at desc, session.session_id desc
  limit 1
) as success on true
left join (
  select
    source_id,
    job_id,
    count(*) as sessions,
    count(*) filter (where in_time and outcome in ('success', 'warning')) as success,
    count(*) filter (where in_time and outcome = 'failed') as failed
  from sessions
  cross join lateral (
    select is_last_attempt and coalesce(run_started_at, created_at) > now() - interval '720 hours' as in_time
  ) as run
  where created_at > now() - interval '720 hours'
  group by source_id, job_id
) as recent on recent.source_id = job.source_id and recent.job_id = job.job_id;
