import type { DeltaState } from '../domain/delta-polls.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { Database } from './open-database.ts';

/** How a source stands. Counts are sessions; ages are in days. Names are what `status --json` prints. */
export type SourceStatus = {
  readonly source: string;
  readonly lastRunAt: Timestamp | null;
  readonly lastStatus: string | null;
  readonly lastError: string | null;
  readonly lastSuccessAt: Timestamp | null;
  readonly sessions: number;
  readonly unfinished: number;
  readonly lost: number;
  readonly missing: number;
  readonly unreadable: number;
  readonly unfetched: number;
  readonly tasksWaiting: number;
  readonly newestSessionAt: Timestamp | null;
  readonly lastCollectedAt: Timestamp | null;
  /** Days until sessions that were never read begin to leave the source's list; null before the first success. */
  readonly daysUntilLoss: number | null;
  /** All that is known not to be stored as it should be. */
  readonly holes: number;
  /** Creation times that nobody has read. */
  readonly gaps: readonly { readonly from: Timestamp; readonly to: Timestamp }[];
  readonly coveredFrom: Timestamp | null;
  /** Polls between two whole lists; null where every poll reads the whole list. */
  readonly deltas: Pick<DeltaState, 'works' | 'reason' | 'checkedAt' | 'polls' | 'missed' | 'late'> | null;
  readonly lastListedAt: Timestamp | null;
};

const iso = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** How every source stands, in order of name. */
export async function readStatus({ pool }: Pick<Database, 'pool'>): Promise<readonly SourceStatus[]> {
  const { rows } = await pool.query<SourceStatus>(
    `select
       health.source,
       ${iso('health.last_run_at')} as "lastRunAt",
       health.last_status as "lastStatus",
       last_run.error_message as "lastError",
       ${iso('health.last_success_at')} as "lastSuccessAt",
       (select count(*) from sessions where source_id = source.id)::integer as sessions,
       health.unfinished,
       (select count(*) from sessions where source_id = source.id and outcome = 'lost')::integer as lost,
       coalesce(health.missing, 0) as missing,
       (select count(*) from holes where source_id = source.id and kind = 'unreadable')::integer as unreadable,
       (select count(*) from holes where source_id = source.id and kind = 'unfetched')::integer as unfetched,
       (select count(*) from task_backlog where source_id = source.id and not is_second_look)::integer as "tasksWaiting",
       ${iso('health.newest_session_at')} as "newestSessionAt",
       ${iso('health.last_collected_at')} as "lastCollectedAt",
       round(health.days_until_loss::numeric, 1)::double precision as "daysUntilLoss",
       health.holes,
       (
         select coalesce(json_agg(json_build_object('from', ${iso('from_at')}, 'to', ${iso('to_at')}) order by from_at), '[]')
         from coverage
         where source_id = source.id and via is null
       ) as gaps,
       ${iso('health.covered_from')} as "coveredFrom",
       case when source.deltas is not null then jsonb_build_object(
         'works', source.deltas -> 'works', 'reason', source.deltas -> 'reason', 'checkedAt', source.deltas -> 'checkedAt',
         'polls', source.deltas -> 'polls', 'missed', source.deltas -> 'missed', 'late', source.deltas -> 'late'
       ) end as deltas,
       ${iso('source.last_listed_at')} as "lastListedAt"
     from report.source_health as health
     join sources as source on source.name = health.source
     left join lateral (
       select run.error_message from sync_runs as run
       where run.source_id = source.id and run.trigger <> 'backfill'
       order by run.started_at desc limit 1
     ) as last_run on true
     order by health.source`,
  );
  return rows;
}
