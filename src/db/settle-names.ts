import { arrayLiteral } from './array-literal.ts';
import type { Statements } from './statements.ts';
import { passOnComputers } from './pass-on-computers.ts';

/**
 * Gives the jobs the names of their newest sessions (unless `/agents/jobs` shows the job itself), finds the computers of
 * child jobs, and passes them on to their sessions. Works on the given jobs only: those whose sessions were just written.
 */
export async function settleJobNames(
  statement: Statements,
  sourceId: number,
  jobIds: readonly string[],
): Promise<void> {
  if (jobIds.length === 0) return;
  const jobs = arrayLiteral(jobIds);
  await statement.$executeRawUnsafe(takeNewestNames, sourceId, jobs);
  await statement.$executeRawUnsafe(findComputers, sourceId, jobs);
}

const takeNewestNames = `
update jobs as job
set job_name = newest.job_name, kind = newest.kind, server_id = newest.server_id, server_name = newest.server_name
from unnest($2::uuid[]) as touched(job_id)
cross join lateral (
  select coalesce(session.job_name, '') as job_name, session.kind, session.server_id, session.server_name
  from sessions as session
  where session.source_id = $1::integer and session.job_id = touched.job_id
  order by session.created_at desc, session.session_id desc
  limit 1
) as newest
where job.source_id = $1::integer
  and job.job_id = touched.job_id
  and job.job_type is null
  and (job.job_name, job.kind, job.server_id, job.server_name)
    is distinct from (newest.job_name, newest.kind, newest.server_id, newest.server_name)`;

// A child job is called "<parent job> - <computer>". Names may hold " - " themselves, so the parent's own name decides;
// for children whose parents nobody knows, the longest job name that fits. A task's machine name outranks all of it.
const findComputers = `
with child as (
  select job.job_id, job.job_name, coalesce(of_parent.prefix, of_any_job.prefix, '') as prefix
  from jobs as job
  left join lateral (
    select parent.job_name || ' - ' as prefix
    from sessions as session
    join sessions as parent
      on parent.source_id = session.source_id and parent.session_id = session.parent_session_id
    where session.source_id = job.source_id
      and session.job_id = job.job_id
      and starts_with(job.job_name, parent.job_name || ' - ')
    order by session.created_at desc
    limit 1
  ) as of_parent on true
  left join lateral (
    select parent.job_name || ' - ' as prefix
    from jobs as parent
    where of_parent.prefix is null
      and parent.source_id = job.source_id
      and parent.kind = 'job'
      and starts_with(job.job_name, parent.job_name || ' - ')
    order by length(parent.job_name) desc
    limit 1
  ) as of_any_job on true
  where job.source_id = $1::integer
    and job.job_id = any($2::uuid[])
    and job.kind = 'computer'
    and not job.computer_is_exact
),
named as (
  update jobs as job
  set computer = coalesce(nullif(substr(child.job_name, length(child.prefix) + 1), ''), child.job_name)
  from child
  where job.source_id = $1::integer
    and job.job_id = child.job_id
    and job.computer is distinct from coalesce(nullif(substr(child.job_name, length(child.prefix) + 1), ''), child.job_name)
  returning job.job_id, job.computer
)${passOnComputers}`;
