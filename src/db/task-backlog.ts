import { arrayLiteral } from './array-literal.ts';
import type { Statements } from './statements.ts';
import type { TasksMode } from '../domain/sync-run.ts';

/** The next sessions whose tasks are due, newest first. */
export async function readDueSessions(
  statement: Statements,
  sourceId: number,
  limit: number,
): Promise<readonly string[]> {
  const rows = await statement.$queryRawUnsafe<{ session_id: string }[]>(
    `select session_id
     from task_backlog
     where source_id = $1::integer and due_at <= now()
     order by created_at desc
     limit $2::integer`,
    sourceId,
    limit,
  );
  return rows.map((row) => row.session_id);
}

export async function countBacklog(statement: Statements, sourceId: number): Promise<number> {
  const [row] = await statement.$queryRawUnsafe<{ waiting: number }[]>(
    `select count(*)::integer as waiting from task_backlog where source_id = $1::integer`,
    sourceId,
  );
  return row?.waiting ?? 0;
}

/** Tries these again later: after 1 minute, then 2, 4, ... up to a day. */
export async function postponeSessions(
  statement: Statements,
  sourceId: number,
  sessionIds: readonly string[],
): Promise<void> {
  await statement.$executeRawUnsafe(
    `update task_backlog
     set attempts = attempts + 1,
       due_at = now() + least(interval '1 minute' * power(2, least(attempts, 11)), interval '1 day')
     where source_id = $1::integer and session_id = any($2::uuid[])`,
    sourceId,
    arrayLiteral(sessionIds),
  );
}

/** When SYNC_TASKS changed: queues the sessions that the former setting passed over and EM still lists. */
export async function adoptTasksMode(
  statement: Statements,
  sourceId: number,
  mode: TasksMode,
): Promise<void> {
  await statement.$executeRawUnsafe(
    `with changed as (
       update sources set tasks_mode = $2::text where id = $1::integer and tasks_mode <> $2::text returning id
     )
     insert into task_backlog (source_id, session_id, created_at)
     select session.source_id, session.session_id, session.created_at
     from changed
     join sessions as session on session.source_id = changed.id
     where session.is_final
       and session.task_count is null
       and session.last_seen_at is null
       and ($2::text = 'all' or ($2::text = 'failed' and session.outcome <> 'success'))
     on conflict do nothing`,
    sourceId,
    mode,
  );
}
