import type { Statements } from './statements.ts';
import type { Timestamp } from '../domain/timestamp.ts';

/** How a source stands. Counts are sessions; ages are in days. */
export type SourceStatus = {
  readonly source: string;
  readonly lastRunAt: Timestamp | null;
  readonly lastStatus: string | null;
  readonly lastError: string | null;
  readonly lastSuccessAt: Timestamp | null;
  readonly sessions: number;
  readonly unfinished: number;
  readonly lost: number;
  readonly unreadable: number;
  readonly missing: number;
  readonly tasksWaiting: number;
  readonly newestSessionAt: Timestamp | null;
  readonly lastCollectedAt: Timestamp | null;
  /** Days until sessions that were never read begin to leave EM's list; null before the first success. */
  readonly daysUntilLoss: number | null;
};

const iso = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** How every source stands, in order of name. */
export function readStatus(statement: Statements): Promise<SourceStatus[]> {
  return statement.$queryRawUnsafe<SourceStatus[]>(
    `select
       source.name as source,
       ${iso('last_run.started_at')} as "lastRunAt",
       last_run.status as "lastStatus",
       last_run.error_message as "lastError",
       ${iso('success.finished_at')} as "lastSuccessAt",
       (select count(*) from sessions as session where session.source_id = source.id)::integer as sessions,
       (select count(*) from sessions as session
        where session.source_id = source.id and not is_final and lost_at is null)::integer as unfinished,
       (select count(*) from sessions as session
        where session.source_id = source.id and session.outcome = 'lost')::integer as lost,
       (select count(*) from unreadable_records as record where record.source_id = source.id)::integer as unreadable,
       coalesce(last_run.missing, 0) as missing,
       (select count(*) from task_backlog as backlog where backlog.source_id = source.id)::integer as "tasksWaiting",
       ${iso(`(select max(created_at) from sessions as session where session.source_id = source.id)`)} as "newestSessionAt",
       ${iso('source.last_collected_at')} as "lastCollectedAt",
       -- EM lists 30 days: what was created right after the last good run leaves the list 30 days later.
       round((30 - extract(epoch from now() - success.started_at) / 86400)::numeric, 1)::double precision as "daysUntilLoss"
     from sources as source
     left join lateral (
       select * from sync_runs as run
       where run.source_id = source.id and run.trigger <> 'backfill'
       order by run.started_at desc limit 1
     ) as last_run on true
     left join lateral (
       select run.started_at, run.finished_at from sync_runs as run
       where run.source_id = source.id and run.status = 'succeeded' and run.trigger <> 'backfill'
       order by run.started_at desc limit 1
     ) as success on true
     order by source.name`,
  );
}
