import { markDaysOfJobsStale } from './daily-totals.ts';
import { followSessions } from './follow-sessions.ts';
import type { Write } from './write-transaction.ts';

/**
 * Gives the jobs of sessions that changed since a commit their newest names (unless the source lists the job itself), finds
 * the policy and the computer of each child job, and passes computers on to the sessions that have no task of their own.
 * Children of changed parents count as changed: the name of a parent tells what part of a child's name is the computer.
 */
export async function nameJobs(write: Write, since: bigint): Promise<void> {
  const { tx, sourceId, version, now } = write;
  await tx.$executeRaw`
    update jobs as job
    set job_name = newest.job_name, kind = newest.kind, server_id = newest.server_id, server_name = newest.server_name,
      last_changed_at = ${now}::timestamptz, change_number = ${version}::bigint
    from (
      select distinct job_id
      from sessions
      where source_id = ${sourceId}::integer and change_number >= ${since}::bigint and job_id is not null
    ) as touched
    cross join lateral (
      select coalesce(session.job_name, '') as job_name, session.kind, session.server_id, session.server_name
      from sessions as session
      where session.source_id = ${sourceId}::integer and session.job_id = touched.job_id
      order by session.created_at desc, session.session_id desc
      limit 1
    ) as newest
    where job.source_id = ${sourceId}::integer
      and job.job_id = touched.job_id
      and job.job_type is null
      and (job.job_name, job.kind, job.server_id, job.server_name)
        is distinct from (newest.job_name, newest.kind, newest.server_id, newest.server_name)`;
  // A child job is called "<parent job> - <computer>". Names may hold " - " themselves, so the parent's own name decides;
  // for children whose parents nobody knows, the longest job name that fits. A task's machine name outranks all of it.
  const named = await tx.$queryRaw<{ job_id: string; isMoved: boolean }[]>`
    with touched as materialized (
      select job_id
      from sessions
      where source_id = ${sourceId}::integer and change_number >= ${since}::bigint and kind = 'computer'
      union
      select child.job_id
      from sessions as parent
      join sessions as child
        on child.source_id = ${sourceId}::integer and child.parent_session_id = parent.session_id
      where parent.source_id = ${sourceId}::integer and parent.change_number >= ${since}::bigint and parent.kind <> 'computer'
    ),
    child as materialized (
      select
        job.job_id,
        job.policy_id as former_policy_id,
        coalesce(of_parent.job_id, of_any_parent.job_id, of_any_job.job_id, job.policy_id) as policy_id,
        coalesce(of_parent.prefix, of_any_job.prefix, '') as prefix
      from touched
      join jobs as job
        on job.source_id = ${sourceId}::integer and job.job_id = touched.job_id and job.kind = 'computer'
      -- In the order of the index, so that both stop at the first they find, mostly the newest session's.
      left join lateral (
        select parent.job_id, parent.job_name || ' - ' as prefix
        from (
          select parent_session_id, created_at
          from sessions
          where source_id = ${sourceId}::integer and job_id = job.job_id
          order by created_at desc
          limit 20
        ) as session
        join sessions as parent
          on parent.source_id = ${sourceId}::integer and parent.session_id = session.parent_session_id
        where starts_with(job.job_name, parent.job_name || ' - ')
        order by session.created_at desc
        limit 1
      ) as of_parent on true
      left join lateral (
        select parent.job_id
        from (
          select parent_session_id, created_at
          from sessions
          where of_parent.prefix is null and source_id = ${sourceId}::integer and job_id = job.job_id
          order by created_at desc
          limit 20
        ) as session
        join sessions as parent
          on parent.source_id = ${sourceId}::integer and parent.session_id = session.parent_session_id
        order by session.created_at desc
        limit 1
      ) as of_any_parent on true
      left join lateral (
        select parent.job_id, parent.job_name || ' - ' as prefix
        from jobs as parent
        where of_parent.prefix is null
          and parent.source_id = ${sourceId}::integer
          and parent.kind = 'job'
          and starts_with(job.job_name, parent.job_name || ' - ')
        order by length(parent.job_name) desc
        limit 1
      ) as of_any_job on true
    )
    update jobs as job
    set policy_id = child.policy_id,
      computer = case
        when job.computer_is_exact then job.computer
        else coalesce(nullif(substr(job.job_name, length(child.prefix) + 1), ''), job.job_name)
      end,
      last_changed_at = ${now}::timestamptz,
      change_number = ${version}::bigint
    from child
    where job.source_id = ${sourceId}::integer
      and job.job_id = child.job_id
      and (
        job.policy_id is distinct from child.policy_id
        or (
          not job.computer_is_exact
          and job.computer is distinct from coalesce(nullif(substr(job.job_name, length(child.prefix) + 1), ''), job.job_name)
        )
      )
    returning job.job_id, child.policy_id is distinct from child.former_policy_id as "isMoved"`;
  await markDaysOfJobsStale(
    write,
    named.flatMap(({ job_id, isMoved }) => (isMoved ? job_id : [])),
  );
  await passComputersOn(write);
  await followSessions(write, []);
}

/** Gives the computers of jobs that changed in this commit to the jobs' sessions that have no task of their own to tell. */
export async function passComputersOn({ tx, sourceId, version, now }: Write): Promise<void> {
  // The former computers lose these sessions.
  await tx.$executeRaw`
    update computers as former
    set is_stale = true
    from (
      select distinct computer_key(session.computer) as computer_key
      from jobs as job
      join sessions as session on session.source_id = ${sourceId}::integer and session.job_id = job.job_id
      where job.source_id = ${sourceId}::integer
        and job.change_number = ${version}::bigint
        and job.computer is not null
        and session.kind = 'computer'
        and not session.computer_is_exact
        and session.computer is distinct from job.computer
    ) as lost
    where former.source_id = ${sourceId}::integer and former.computer_key = lost.computer_key and not former.is_stale`;
  await tx.$executeRaw`
    update sessions as session
    set computer = job.computer, last_changed_at = ${now}::timestamptz, change_number = ${version}::bigint
    from jobs as job
    where job.source_id = ${sourceId}::integer
      and job.change_number = ${version}::bigint
      and job.computer is not null
      and session.source_id = ${sourceId}::integer
      and session.job_id = job.job_id
      and session.kind = 'computer'
      and not session.computer_is_exact
      and session.computer is distinct from job.computer`;
}
