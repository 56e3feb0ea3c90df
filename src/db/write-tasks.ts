import type { BackupTask } from '../domain/backup-task.ts';
import { arrayLiteral } from './array-literal.ts';
import type { Statements } from './statements.ts';
import { passOnComputers } from './pass-on-computers.ts';

/** The tasks of one session as EM showed them; none is an answer too. */
export type ReadTasks = { readonly sessionId: string; readonly tasks: readonly BackupTask[] };

/** Stores tasks, sums them up in their sessions, and strikes the sessions off the backlog. One transaction, please. */
export async function upsertTasks(
  statement: Statements,
  sourceId: number,
  read: readonly ReadTasks[],
): Promise<void> {
  // EM may show one task under a job's session and under a computer's; it belongs to the session it names itself.
  const tasks = [
    ...new Map(read.flatMap((session) => session.tasks).map((task) => [task.id, task])).values(),
  ];
  const sessions = arrayLiteral([
    ...new Set([...read.map((one) => one.sessionId), ...tasks.map((task) => task.sessionId)]),
  ]);
  const column = (value: (task: BackupTask) => string | bigint | null) => arrayLiteral(tasks.map(value));
  await statement.$executeRawUnsafe(
    insertTasks,
    sourceId,
    column((task) => task.id),
    column((task) => task.sessionId),
    column((task) => task.name),
    column((task) => task.machine),
    column((task) => task.state),
    column((task) => task.result),
    column((task) => task.reason),
    column((task) => task.totalBytes),
    column((task) => task.createdAt),
    column((task) => task.endedAt),
    column((task) => (task.extra === null ? null : JSON.stringify(task.extra))),
  );
  await statement.$executeRawUnsafe(sumUp, sourceId, sessions);
  await statement.$executeRawUnsafe(nameComputers, sourceId, sessions);
  await statement.$executeRawUnsafe(
    `delete from task_backlog where source_id = $1::integer and session_id = any($2::uuid[])`,
    sourceId,
    arrayLiteral(read.map((one) => one.sessionId)),
  );
}

const columns =
  'session_id, task_name, machine, state, result, reason, total_bytes, created_at, ended_at, extra';
const prefixed = (prefix: string) => columns.replace(/\w+/g, `${prefix}.$&`);

const insertTasks = `
insert into tasks as known (source_id, task_id, ${columns})
select $1::integer, incoming.*
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[],
    $10::timestamptz[], $11::timestamptz[], $12::jsonb[])
  as incoming(task_id, ${columns})
on conflict (source_id, task_id) do update set (${columns}) = row(${prefixed('excluded')})
where (${prefixed('known')}) is distinct from (${prefixed('excluded')})`;

const sumUp = `
update sessions as session
set task_count = total.task_count,
  task_reason = total.reason,
  processed_bytes = total.bytes,
  computer = coalesce(total.machine, session.computer),
  computer_is_exact = total.machine is not null
from (
  select
    asked.session_id,
    count(task.task_id)::integer as task_count,
    string_agg(distinct nullif(task.reason, ''), e'\\n') as reason,
    -- The sum of nothing is not known, which \`least\` would pass over.
    case when count(task.total_bytes) > 0 then least(sum(task.total_bytes), 9223372036854775807)::bigint end as bytes,
    min(nullif(task.machine, '')) filter (where session.kind = 'computer') as machine
  from unnest($2::uuid[]) as asked(session_id)
  join sessions as session on session.source_id = $1::integer and session.session_id = asked.session_id
  left join tasks as task on task.source_id = $1::integer and task.session_id = asked.session_id
  group by asked.session_id
) as total
where session.source_id = $1::integer
  and session.session_id = total.session_id
  and (session.task_count, session.task_reason, session.processed_bytes, session.computer, session.computer_is_exact)
    is distinct from (total.task_count, total.reason, total.bytes, coalesce(total.machine, session.computer), total.machine is not null)`;

// A child job is one computer: what one of its tasks says holds for its sessions that have no task of their own.
const nameComputers = `
with named as (
  update jobs as job
  set computer = newest.computer, computer_is_exact = true
  from (
    select distinct on (session.job_id) session.job_id, session.computer
    from sessions as session
    where session.source_id = $1::integer
      and session.session_id = any($2::uuid[])
      and session.kind = 'computer'
      and session.computer_is_exact
    order by session.job_id, session.created_at desc
  ) as newest
  where job.source_id = $1::integer
    and job.job_id = newest.job_id
    and (job.computer, job.computer_is_exact) is distinct from (newest.computer, true)
  returning job.job_id, job.computer
)${passOnComputers}`;
