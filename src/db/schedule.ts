import type { SourceProgress } from '../domain/source-progress.ts';
import { arrayLiteral } from './array-literal.ts';
import type { Statements } from './statements.ts';

/** Makes the given sources the ones that are scheduled, all with one interval; others keep their history and rest. */
export async function publishSchedule(
  statement: Statements,
  sources: readonly { readonly name: string; readonly url: string }[],
  intervalMs: number,
): Promise<void> {
  await statement.$executeRawUnsafe(
    `with configured as (
       select * from unnest($1::text[], $2::text[]) as source (name, url)
     ),
     removed as (
       update sources set interval_seconds = null
       where interval_seconds is not null and name not in (select name from configured)
     )
     insert into sources as known (name, url, interval_seconds)
     select name, url, $3::double precision from configured
     on conflict (name) do update set url = excluded.url, interval_seconds = excluded.interval_seconds
     where (known.url, known.interval_seconds) is distinct from (excluded.url, excluded.interval_seconds)`,
    arrayLiteral(sources.map((source) => source.name)),
    arrayLiteral(sources.map((source) => source.url)),
    intervalMs / 1_000,
  );
}

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::double precision`;

/** Every scheduled source, or the one of that name. Costs a few index look-ups a source, however long the history is. */
export function readProgress(statement: Statements, source?: string): Promise<SourceProgress[]> {
  return statement.$queryRawUnsafe<SourceProgress[]>(
    `select
       source.name as source,
       source.interval_seconds * 1000 as "intervalMs",
       ${ms('last_run.finished_at')} as "lastFinishedAt",
       last_run.status as "lastStatus",
       last_run.error_kind as "lastErrorKind",
       coalesce(last_run.listed, 0) as "lastListed",
       coalesce(last_run.missing, 0) as "lastMissing",
       failures.in_a_row as "failuresInARow",
       ${ms('success.started_at')} as "lastSuccessStartedAt",
       ${ms('success.finished_at')} as "lastSuccessAt",
       ${ms('source.last_collected_at')} as "lastCollectedAt",
       source.refused_credentials as "refusedCredentials",
       exists (
         select from task_backlog as backlog where backlog.source_id = source.id and backlog.due_at <= now()
       ) as "hasDueTasks",
       exists (
         select from backfills as backfill
         where backfill.source_id = source.id
           and backfill.wanted_since < coalesce(backfill.read_down_to, 'infinity')
       ) as "hasBackfill"
     from sources as source
     left join lateral (
       select * from sync_runs as run
       where run.source_id = source.id and run.trigger <> 'backfill' and run.status <> 'running'
       order by run.started_at desc limit 1
     ) as last_run on true
     left join lateral (
       select run.started_at, run.finished_at from sync_runs as run
       where run.source_id = source.id and run.status = 'succeeded' and run.trigger <> 'backfill'
       order by run.started_at desc limit 1
     ) as success on true
     left join lateral (
       select count(*)::integer as in_a_row from (
         select from sync_runs as run
         where run.source_id = source.id and run.status = 'failed' and run.trigger <> 'backfill'
           and run.error_kind is distinct from 'interrupted'
           and run.started_at > coalesce(success.started_at, '-infinity')
         order by run.started_at desc limit 20
       ) as recent
     ) as failures on true
     where source.interval_seconds is not null and ($1::text is null or source.name = $1::text)
     order by source.name`,
    source ?? null,
  );
}

/** Remembers which credentials Enterprise Manager refused, as their salted hash; null forgets. */
export async function noteRefusedCredentials(
  statement: Statements,
  source: string,
  hash: string | null,
): Promise<void> {
  await statement.$executeRawUnsafe(
    `update sources set refused_credentials = $2::text where name = $1::text and refused_credentials is distinct from $2::text`,
    source,
    hash,
  );
}

/** The id of this history, which no other shares. */
export async function readInstallation(statement: Statements): Promise<string> {
  const [row] = await statement.$queryRawUnsafe<{ id: string }[]>(`select id from installation limit 1`);
  if (row === undefined) throw new Error('table installation is empty');
  return row.id;
}
