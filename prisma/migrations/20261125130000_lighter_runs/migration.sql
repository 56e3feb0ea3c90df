-- The same as before, with less written: computers that are stale already are left alone.

-- Puts the runs right around sessions that were written. `touched` holds them as they are now, and as they were before.
create or replace function keep_runs(touched touched_session[], are_new boolean) returns void language plpgsql
-- The plan made while the table is small must still do when it is not.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_nestloop = on
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
  where changed.kind = 'computer'
    and changed.computer is not null
    -- In a first sync nearly all are stale already; an insert that conflicts would lock each of them.
    and (
      select known.is_stale from computers as known
      where known.source_id = changed.source_id and known.computer_key = computer_key(changed.computer)
    ) is distinct from true
  on conflict (source_id, computer_key) do update set is_stale = true where not known.is_stale;
end;
$$;
