import { markDaysStale } from './daily-totals.ts';
import type { FormerPlace } from './upsert-sessions.ts';
import type { Write } from './write-transaction.ts';

/**
 * What follows for other rows when sessions were written in this transaction: their places in the runs of their jobs, their
 * computers, the totals of their days, their names for searches. The rows are found by the number of the commit; `moved` says where they stood before.
 */
export async function followSessions(write: Write, moved: readonly FormerPlace[]): Promise<void> {
  await settleRuns(write, moved);
  await markComputersStale(write, moved);
  await markDaysStale(write, moved);
  await keepNames(write);
}

/**
 * Puts the runs right around the sessions that changed: `run_started_at` is when the run began that a retry belongs to,
 * `is_last_attempt` whether no retry follows. View session_attempts states the same rule over the whole history.
 */
async function settleRuns(
  { tx, sourceId, version, now }: Write,
  moved: readonly FormerPlace[],
): Promise<void> {
  await tx.$executeRaw`
    with touched as materialized (
      select session_id, job_id, created_at, is_retry
      from sessions
      where source_id = ${sourceId}::integer and change_number = ${version}::bigint and job_id is not null
      union all
      select session_id, job_id, created_at, is_retry
      from json_to_recordset(${JSON.stringify(moved)}::json)
        as former(session_id uuid, job_id uuid, created_at timestamptz, is_retry boolean)
      where job_id is not null
    ),
    -- Most sessions are no retry and are followed by none: they need no more than this look.
    near_retries as materialized (
      select touched.*
      from touched
      left join lateral (
        select later.is_retry
        from sessions as later
        where later.source_id = ${sourceId}::integer
          and later.job_id = touched.job_id
          and (later.created_at, later.session_id) > (touched.created_at, touched.session_id)
        order by later.created_at, later.session_id
        limit 1
      ) as next on true
      where touched.is_retry or next.is_retry
    ),
    -- From the first attempt before that this transaction did not write (it may have become, or may have been, a last attempt)
    -- to the next one after: nothing beyond can have changed.
    range as materialized (
      select distinct
        near.job_id,
        coalesce(
          (
            select earlier.created_at
            from sessions as earlier
            where earlier.source_id = ${sourceId}::integer
              and earlier.job_id = near.job_id
              and (earlier.created_at, earlier.session_id) < (near.created_at, near.session_id)
              and not earlier.is_retry
              and earlier.change_number <> ${version}::bigint
            order by earlier.created_at desc, earlier.session_id desc
            limit 1
          ),
          '-infinity'
        ) as from_at,
        coalesce(
          (
            select later.created_at
            from sessions as later
            where later.source_id = ${sourceId}::integer
              and later.job_id = near.job_id
              and (later.created_at, later.session_id) > (near.created_at, near.session_id)
              and not later.is_retry
            order by later.created_at, later.session_id
            limit 1
          ),
          'infinity'
        ) as to_at
      from near_retries as near
    ),
    affected as materialized (
      select session.session_id
      from range
      cross join lateral (
        select between_them.session_id
        from sessions as between_them
        where between_them.source_id = ${sourceId}::integer
          and between_them.job_id = range.job_id
          and between_them.created_at between range.from_at and range.to_at
        -- Keeps it a look along the job, whatever is known of a table that was empty a moment ago.
        offset 0
      ) as session
      union
      select session_id
      from json_to_recordset(${JSON.stringify(moved)}::json) as former(session_id uuid)
    ),
    -- Worked out once, in whichever order the join below goes.
    fresh as materialized (
      select
        session.session_id,
        case when session.is_retry and session.job_id is not null
          then coalesce(starter.created_at, case when first.session_id <> session.session_id then first.created_at end)
        end as run_started_at,
        not coalesce(next.is_retry, false) as is_last_attempt
      from affected
      cross join lateral (
        select known.*
        from sessions as known
        where known.session_id = affected.session_id and known.source_id = ${sourceId}::integer
        limit 1
      ) as session
      left join lateral (
        select later.is_retry
        from sessions as later
        where later.source_id = ${sourceId}::integer
          and later.job_id = session.job_id
          and (later.created_at, later.session_id) > (session.created_at, session.session_id)
        order by later.created_at, later.session_id
        limit 1
      ) as next on true
      left join lateral (
        select earlier.created_at
        from sessions as earlier
        where session.is_retry
          and earlier.source_id = ${sourceId}::integer
          and earlier.job_id = session.job_id
          and (earlier.created_at, earlier.session_id) < (session.created_at, session.session_id)
          and not earlier.is_retry
        order by earlier.created_at desc, earlier.session_id desc
        limit 1
      ) as starter on true
      left join lateral (
        select earliest.created_at, earliest.session_id
        from sessions as earliest
        where session.is_retry
          and earliest.source_id = ${sourceId}::integer
          and earliest.job_id = session.job_id
        order by earliest.created_at, earliest.session_id
        limit 1
      ) as first on true
    )
    update sessions as session
    set run_started_at = fresh.run_started_at,
      is_last_attempt = fresh.is_last_attempt,
      last_changed_at = ${now}::timestamptz,
      change_number = ${version}::bigint
    from fresh
    where session.source_id = ${sourceId}::integer
      and session.session_id = fresh.session_id
      and (session.run_started_at, session.is_last_attempt)
        is distinct from (fresh.run_started_at, fresh.is_last_attempt)`;
}

/** Marks the computers of changed sessions, present and former; until they are settled, views work them out when asked. */
async function markComputersStale(
  { tx, sourceId, version }: Write,
  moved: readonly FormerPlace[],
): Promise<void> {
  await tx.$executeRaw`
    insert into computers as known (source_id, computer_key, computer)
    select ${sourceId}::integer, computer_key(touched.computer), touched.computer
    from (
      select computer
      from sessions
      where source_id = ${sourceId}::integer and change_number = ${version}::bigint
        and kind = 'computer' and computer is not null
      union
      select computer
      from json_to_recordset(${JSON.stringify(moved)}::json) as former(computer text)
      where computer is not null
    ) as touched
    -- In a first sync nearly all are stale already; an insert that conflicts would lock each of them.
    where not coalesce(
      (
        select known.is_stale
        from computers as known
        where known.source_id = ${sourceId}::integer and known.computer_key = computer_key(touched.computer)
      ),
      false
    )
    on conflict (source_id, computer_key) do update set is_stale = true`;
}

/** Every combination of names that a session has, or once had: what `search` looks through first. */
async function keepNames({ tx, sourceId, version }: Write): Promise<void> {
  await tx.$executeRaw`
    insert into session_names (source_id, name_key, job_name, names)
    select ${sourceId}::integer, computer_key(names), job_name, names
    from (
      select distinct
        job_name,
        job_name || coalesce(e'\\x01' || computer, '') || coalesce(e'\\x01' || server_name, '') as names
      from sessions
      where source_id = ${sourceId}::integer and change_number = ${version}::bigint and job_name is not null
    ) as written
    on conflict (source_id, name_key) do nothing`;
}
