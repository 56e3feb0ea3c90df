import type { PrismaClient } from './generated/client.ts';
import type { FormerPlace } from './upsert-sessions.ts';
import { writeTo, type Write } from './write-transaction.ts';

/** Days a transaction: other writers of the source wait for it. */
const batchSize = 20;

/**
 * Marks the days whose totals may differ after this transaction: those of the sessions it changed, and those where `moved` stood.
 * Until they are settled, report.daily_totals works them out when asked. A retry counts on the day of its run, and may have
 * begun the run itself before: hence both days.
 */
export async function markDaysStale(
  { tx, sourceId, version }: Write,
  moved: readonly FormerPlace[],
): Promise<void> {
  await tx.$executeRaw`
    insert into stale_days (source_id, day)
    select distinct ${sourceId}::integer, (at at time zone 'UTC')::date
    from (
      select created_at as at
      from sessions
      where source_id = ${sourceId}::integer and change_number = ${version}::bigint
      union all
      select run_started_at
      from sessions
      where source_id = ${sourceId}::integer and change_number = ${version}::bigint and run_started_at is not null
      union all
      select created_at
      from json_to_recordset(${JSON.stringify(moved)}::json) as former(created_at timestamptz)
      union all
      select run_started_at
      from json_to_recordset(${JSON.stringify(moved)}::json) as former(run_started_at timestamptz)
      where run_started_at is not null
    ) as touched
    on conflict (source_id, day) do nothing`;
}

/** Marks all days of jobs that belong to another policy now. */
export async function markDaysOfJobsStale({ tx, sourceId }: Write, jobIds: readonly string[]): Promise<void> {
  if (jobIds.length === 0) return;
  await tx.$executeRaw`
    insert into stale_days (source_id, day)
    select distinct session.source_id, (coalesce(session.run_started_at, session.created_at) at time zone 'UTC')::date
    from json_array_elements_text(${JSON.stringify(jobIds)}::json) as changed(job_id)
    join sessions as session
      on session.source_id = ${sourceId}::integer and session.job_id = changed.job_id::uuid
    on conflict (source_id, day) do nothing`;
}

/** Keeps the totals of marked days, the newest first. Returns how many days were kept; fewer than a batch: no more are left. */
async function settleBatch({ tx, sourceId }: Write): Promise<number> {
  const marked = await tx.$queryRaw<{ day: string }[]>`
    select day::text from stale_days where source_id = ${sourceId}::integer order by day desc limit ${batchSize}::integer`;
  const days = marked.map(({ day }) => day);
  await tx.$executeRaw`
    delete from stale_days where source_id = ${sourceId}::integer and day = any(${days}::date[])`;
  await tx.$executeRaw`
    delete from daily_totals where source_id = ${sourceId}::integer and day = any(${days}::date[])`;
  await tx.$executeRaw`
    insert into daily_totals
    select * from daily_totals_rule where source_id = ${sourceId}::integer and day = any(${days}::date[])`;
  return days.length;
}

/** Keeps the totals of all marked days of a source, unless it takes until `deadline` (performance.now()): then the rest waits. */
export async function settleDays(
  prisma: PrismaClient,
  source: { readonly id: number; readonly name: string; readonly fence: bigint | null },
  deadline: number,
): Promise<void> {
  for (let settled = batchSize; settled === batchSize && performance.now() < deadline;) {
    const waiting = await prisma.staleDay.count({ where: { sourceId: source.id }, take: 1 });
    if (waiting === 0) return;
    settled = await writeTo(prisma, source, settleBatch);
  }
}
