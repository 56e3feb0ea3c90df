import type { BackupTask } from '../domain/backup-task.ts';
import { followSessions } from './follow-sessions.ts';
import { passComputersOn } from './name-jobs.ts';
import type { DueTasks } from './task-backlog.ts';
import type { Write } from './write-transaction.ts';

/** The tasks of one session as the source showed them; none is an answer too. */
export type ReadTasks = DueTasks & { readonly tasks: readonly BackupTask[] };

/** The way of tasks into the database: stored, summed up in their sessions, and what follows from that. */
export async function writeTasks(write: Write, read: readonly ReadTasks[]): Promise<void> {
  // One task may be shown under a job's session and under a computer's; it belongs to the session it names itself.
  const tasks = new Map(read.flatMap((session) => session.tasks).map((task) => [task.id, task]));
  const sessionIds = new Set(read.map((one) => one.sessionId));
  for (const task of tasks.values()) sessionIds.add(task.sessionId);
  await upsertTasks(write, [...tasks.values()]);
  await sumUpTasks(write, [...sessionIds]);
  await nameComputersByTasks(write);
  await followSessions(write, []);
  await strikeOff(write, read);
}

async function upsertTasks(
  { tx, sourceId, version, now }: Write,
  tasks: readonly BackupTask[],
): Promise<void> {
  if (tasks.length === 0) return;
  const rows = tasks.map((task) => ({
    task_id: task.id,
    session_id: task.sessionId,
    task_name: task.name,
    machine: task.machine,
    state: task.state,
    result: task.result,
    reason: task.reason,
    // As text: a double has no room for it.
    total_bytes: task.totalBytes?.toString() ?? null,
    created_at: task.createdAt,
    ended_at: task.endedAt,
    extra: task.extra,
  }));
  await tx.$executeRaw`
    insert into tasks as known
      (source_id, task_id, session_id, task_name, machine, state, result, reason, total_bytes, created_at, ended_at, extra,
       last_changed_at, change_number)
    select ${sourceId}::integer, incoming.*, ${now}::timestamptz, ${version}::bigint
    from json_to_recordset(${JSON.stringify(rows)}::json) as incoming(
      task_id uuid, session_id uuid, task_name text, machine text, state text, result text, reason text,
      total_bytes bigint, created_at timestamptz, ended_at timestamptz, extra jsonb
    )
    on conflict (source_id, task_id) do update set
      session_id = excluded.session_id,
      task_name = excluded.task_name,
      machine = excluded.machine,
      state = excluded.state,
      result = excluded.result,
      reason = excluded.reason,
      total_bytes = excluded.total_bytes,
      created_at = excluded.created_at,
      ended_at = excluded.ended_at,
      extra = excluded.extra,
      last_changed_at = excluded.last_changed_at,
      change_number = excluded.change_number
    where
      (known.session_id, known.task_name, known.machine, known.state, known.result, known.reason, known.total_bytes,
       known.created_at, known.ended_at, known.extra)
      is distinct from
      (excluded.session_id, excluded.task_name, excluded.machine, excluded.state, excluded.result, excluded.reason,
       excluded.total_bytes, excluded.created_at, excluded.ended_at, excluded.extra)`;
}

async function sumUpTasks(
  { tx, sourceId, version, now }: Write,
  sessionIds: readonly string[],
): Promise<void> {
  // The computers that sessions were thought to be about lose them.
  await tx.$executeRaw`
    update computers as former
    set is_stale = true
    from (
      select distinct computer_key(session.computer) as computer_key
      from json_array_elements_text(${JSON.stringify(sessionIds)}::json) as asked(session_id)
      cross join lateral (
        select kind, computer
        from sessions
        where sessions.source_id = ${sourceId}::integer and sessions.session_id = asked.session_id::uuid
        -- Keeps it a look-up by the key, whatever is known of the source.
        limit 1
      ) as session
      where session.kind = 'computer' and session.computer is not null
    ) as lost
    where former.source_id = ${sourceId}::integer and former.computer_key = lost.computer_key and not former.is_stale`;
  await tx.$executeRaw`
    with total as materialized (
      select
        session.session_id,
        count(task.task_id)::integer as task_count,
        string_agg(distinct nullif(task.reason, ''), e'\\n') as reason,
        -- The sum of nothing is not known, which \`least\` would pass over.
        case when count(task.total_bytes) > 0
          then least(sum(task.total_bytes), 9223372036854775807)::bigint
        end as bytes,
        min(nullif(task.machine, '')) filter (where session.kind = 'computer') as machine
      from json_array_elements_text(${JSON.stringify(sessionIds)}::json) as asked(session_id)
      cross join lateral (
        select sessions.session_id, kind
        from sessions
        where sessions.source_id = ${sourceId}::integer and sessions.session_id = asked.session_id::uuid
        limit 1
      ) as session
      left join tasks as task
        on task.source_id = ${sourceId}::integer and task.session_id = session.session_id
      group by session.session_id
    )
    update sessions as session
    set task_count = total.task_count,
      task_reason = total.reason,
      processed_bytes = total.bytes,
      computer = coalesce(total.machine, session.computer),
      computer_is_exact = total.machine is not null,
      last_changed_at = ${now}::timestamptz,
      change_number = ${version}::bigint
    from total
    where session.source_id = ${sourceId}::integer
      and session.session_id = total.session_id
      and (session.task_count, session.task_reason, session.processed_bytes, session.computer, session.computer_is_exact)
        is distinct from
        (total.task_count, total.reason, total.bytes, coalesce(total.machine, session.computer), total.machine is not null)`;
}

/**
 * A child job is one computer: what a task of its newest session says holds for its sessions that have no task of their own,
 * in whatever order tasks are read.
 */
async function nameComputersByTasks(write: Write): Promise<void> {
  const { tx, sourceId, version, now } = write;
  await tx.$executeRaw`
    update jobs as job
    set computer = newest.computer,
      computer_is_exact = true,
      computer_seen_at = newest.created_at,
      last_changed_at = ${now}::timestamptz,
      change_number = ${version}::bigint
    from (
      select distinct on (job_id) job_id, computer, created_at
      from sessions
      where source_id = ${sourceId}::integer
        and change_number = ${version}::bigint
        and kind = 'computer'
        and computer_is_exact
      order by job_id, created_at desc
    ) as newest
    where job.source_id = ${sourceId}::integer
      and job.job_id = newest.job_id
      and newest.created_at >= coalesce(job.computer_seen_at, '-infinity')
      and (job.computer, job.computer_is_exact) is distinct from (newest.computer, true)`;
  await tx.$executeRaw`
    update jobs as job
    set computer_seen_at = newest.created_at
    from (
      select job_id, max(created_at) as created_at
      from sessions
      where source_id = ${sourceId}::integer
        and change_number = ${version}::bigint
        and kind = 'computer'
        and computer_is_exact
      group by job_id
    ) as newest
    where job.source_id = ${sourceId}::integer
      and job.job_id = newest.job_id
      and newest.created_at > coalesce(job.computer_seen_at, '-infinity')`;
  await passComputersOn(write);
}

/**
 * Takes sessions out of the backlog whose tasks are read, unless they were queued anew meanwhile. Tasks of a session that ended
 * within a day before the last list (by the source's clock) may still come, and characters that had to be replaced may come right:
 * such a session is looked at once more, a day later.
 */
async function strikeOff({ tx, sourceId, now }: Write, read: readonly DueTasks[]): Promise<void> {
  const ids = read.map((one) => one.sessionId);
  const numbers = read.map((one) => one.changeNumber.toString());
  await tx.$executeRaw`
    update task_backlog as backlog
    set is_second_look = true,
      attempts = 0,
      reason = null,
      first_failed_at = null,
      last_tried_at = null,
      due_at = ${now}::timestamptz + interval '1 day'
    where backlog.source_id = ${sourceId}::integer
      and backlog.session_id = any(${ids}::uuid[])
      and backlog.change_number = (${numbers}::bigint[])[array_position(${ids}::uuid[], backlog.session_id)]
      and not backlog.is_second_look
      and (
        -- Each a look by a key: without its limit one would be read whole and hashed, on account of the other.
        (
          select true
          from sessions as session
          where session.source_id = ${sourceId}::integer
            and session.session_id = backlog.session_id
            and session.ended_at >= (
              select max(to_at) from coverage where coverage.source_id = ${sourceId}::integer
            ) - interval '1 day'
          limit 1
        )
        or (
          select true
          from tasks as task
          where task.source_id = ${sourceId}::integer
            and task.session_id = backlog.session_id
            and task.extra ->> 'replacedCharacters' = 'true'
          limit 1
        )
      )`;
  await tx.$executeRaw`
    delete from task_backlog as backlog
    where backlog.source_id = ${sourceId}::integer
      and backlog.session_id = any(${ids}::uuid[])
      and backlog.change_number = (${numbers}::bigint[])[array_position(${ids}::uuid[], backlog.session_id)]
      and (not backlog.is_second_look or backlog.due_at <= ${now}::timestamptz)`;
}
