import type { TasksMode } from '../domain/sync-run.ts';
import type { Database } from './open-database.ts';
import type { Write } from './write-transaction.ts';

/** A session whose tasks are to be read. */
export type DueTasks = {
  readonly sessionId: string;
  /** Of the session when it was queued: a correction meanwhile queues it anew. */
  readonly changeNumber: bigint;
  readonly attempts: number;
};

/** Queues the final sessions that this transaction changed, and those that came back. */
export async function queueTasks(
  { tx, sourceId, version, now }: Write,
  mode: TasksMode,
  returned: readonly string[],
): Promise<void> {
  if (mode === 'none') return;
  await tx.$executeRaw`
    with candidate as (
      select session_id, created_at, change_number, is_final, outcome
      from sessions
      where source_id = ${sourceId}::integer and change_number = ${version}::bigint
      union all
      select session_id, created_at, change_number, is_final, outcome
      from sessions
      where source_id = ${sourceId}::integer
        and session_id = any(${returned}::uuid[])
        and change_number <> ${version}::bigint
    )
    insert into task_backlog (source_id, session_id, created_at, change_number, due_at)
    select ${sourceId}::integer, session_id, created_at, change_number, ${now}::timestamptz
    from candidate
    where is_final and (${mode}::text = 'all' or outcome <> 'success')
    on conflict (source_id, session_id) do update set
      change_number = excluded.change_number,
      is_second_look = false,
      due_at = excluded.due_at`;
}

/** Whether the backlog was filled for another setting of SYNC_TASKS. */
export async function hasOtherTasksMode(
  { pool }: Pick<Database, 'pool'>,
  sourceId: number,
  mode: TasksMode,
): Promise<boolean> {
  const { rows } = await pool.query(`select 1 from sources where id = $1 and tasks_mode <> $2`, [
    sourceId,
    mode,
  ]);
  return rows.length > 0;
}

/** When SYNC_TASKS changed: queues the sessions that the former setting passed over and the source still lists. */
export async function queuePassedOver({ tx, sourceId, now }: Write, mode: TasksMode): Promise<void> {
  const changed = await tx.source.updateMany({
    where: { id: sourceId, tasksMode: { not: mode } },
    data: { tasksMode: mode },
  });
  if (changed.count === 0 || mode === 'none') return;
  await tx.$executeRaw`
    insert into task_backlog (source_id, session_id, created_at, change_number, due_at)
    select source_id, session_id, created_at, change_number, ${now}::timestamptz
    from sessions
    where source_id = ${sourceId}::integer
      and is_final
      and task_count is null
      and fingerprint is not null
      and (${mode}::text = 'all' or outcome <> 'success')
    on conflict (source_id, session_id) do nothing`;
}

/**
 * The next sessions whose tasks are due, newest first, without those that were tried since `begun`. `isImpatient`: with those
 * whose last try failed, however lately.
 */
export async function readDueTasks(
  { pool }: Database,
  sourceId: number,
  options: { readonly limit: number; readonly isImpatient: boolean; readonly begun: string },
): Promise<readonly DueTasks[]> {
  const { rows } = await pool.query<{ session_id: string; change_number: string; attempts: number }>(
    `select session_id, change_number, attempts
     from task_backlog
     where source_id = $1
       and (due_at <= now() or ($3::boolean and attempts > 0))
       and (last_tried_at is null or last_tried_at < $4::timestamptz)
     order by created_at desc
     limit $2`,
    [sourceId, options.limit, options.isImpatient, options.begun],
  );
  return rows.map((row) => ({
    sessionId: row.session_id,
    changeNumber: BigInt(row.change_number),
    attempts: row.attempts,
  }));
}

/** PostgreSQL's clock: what is tried from now on is tried since then. */
export async function readClock({ pool }: Database): Promise<string> {
  const { rows } = await pool.query<{ now: string }>('select now()::text as now');
  return rows[0]?.now ?? '';
}

/** How many sessions wait for their tasks to be read, second looks not counted. */
export async function countWaitingTasks({ pool }: Database, sourceId: number): Promise<number> {
  const { rows } = await pool.query<{ waiting: number }>(
    `select count(*)::integer as waiting from task_backlog where source_id = $1 and not is_second_look`,
    [sourceId],
  );
  return rows[0]?.waiting ?? 0;
}

/** Tries these again later: after 1 minute, then 2, 4, ... up to a day. Each is a hole until it is read. */
export async function postponeTasks(
  { tx, sourceId, now }: Write,
  failed: readonly { readonly sessionId: string; readonly reason: string }[],
): Promise<void> {
  if (failed.length === 0) return;
  const rows = failed.map(({ sessionId, reason }) => ({ session_id: sessionId, reason }));
  await tx.$executeRaw`
    update task_backlog as backlog
    set attempts = backlog.attempts + 1,
      reason = failed.reason,
      first_failed_at = coalesce(backlog.first_failed_at, ${now}::timestamptz),
      last_tried_at = ${now}::timestamptz,
      due_at = ${now}::timestamptz
        + least(interval '1 minute' * power(2, least(backlog.attempts, 11)), interval '1 day')
    from json_to_recordset(${JSON.stringify(rows)}::json) as failed(session_id uuid, reason text)
    where backlog.source_id = ${sourceId}::integer and backlog.session_id = failed.session_id`;
}
