import type { SourceProgress } from '../domain/source-progress.ts';
import type { PrismaClient } from './generated/client.ts';
import { findOrCreateSource } from './find-or-create-source.ts';
import type { Database } from './open-database.ts';

/** Makes the given sources the ones that are scheduled, all with one interval; others keep their history and rest. */
export async function publishSchedule(
  prisma: PrismaClient,
  sources: readonly { readonly name: string; readonly url: string }[],
  intervalMs: number,
): Promise<void> {
  const configured = sources.map((source) => source.name);
  for (const { name, url } of sources) await findOrCreateSource(prisma, { name, url, configured });
  await prisma.source.updateMany({
    where: { name: { notIn: configured }, intervalSeconds: { not: null } },
    data: { intervalSeconds: null, version: { increment: 1 } },
  });
  const intervalSeconds = intervalMs / 1_000;
  await prisma.source.updateMany({
    where: {
      name: { in: configured },
      OR: [{ intervalSeconds: null }, { intervalSeconds: { not: intervalSeconds } }],
    },
    data: { intervalSeconds, version: { increment: 1 } },
  });
}

/** Remembers the credentials that were refused, as a salted hash; null: they are accepted. */
export async function noteRefusedCredentials(
  prisma: PrismaClient,
  name: string,
  hash: string | null,
): Promise<void> {
  await prisma.source.updateMany({ where: { name }, data: { refusedCredentials: hash } });
}

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::double precision`;

/** Every scheduled source, or the one of that name. Costs a few index look-ups a source, however long the history is. */
export async function readProgress(
  { pool }: Pick<Database, 'pool'>,
  source?: string,
): Promise<readonly SourceProgress[]> {
  const { rows } = await pool.query<SourceProgress>(
    `select
       source.name as source,
       source.interval_seconds * 1000 as "intervalMs",
       ${ms('last_run.finished_at')} as "lastFinishedAt",
       last_run.status as "lastStatus",
       last_run.error_kind as "lastErrorKind",
       coalesce(last_run.listed, 0) as "lastListed",
       coalesce(last_list.missing, 0) as "lastMissing",
       failures.in_a_row as "failuresInARow",
       ${ms('whole.started_at')} as "lastSuccessStartedAt",
       ${ms('success.finished_at')} as "lastSuccessAt",
       ${ms('source.last_collected_at')} as "lastCollectedAt",
       source.refused_credentials as "refusedCredentials",
       exists (
         select 1 from task_backlog as backlog where backlog.source_id = source.id and backlog.due_at <= now()
       ) as "hasDueTasks",
       exists (select 1 from backfills as backfill where backfill.source_id = source.id)
       or exists (
         select 1 from coverage as gap
         where gap.source_id = source.id and gap.via is null and coalesce(gap.due_at, '-infinity') <= now()
       ) as "hasBackfill",
       (
         select count(*) from holes where holes.source_id = source.id and holes.kind = 'unreadable'
       )::integer as "unreadableHoles",
       (
         select count(*) from holes where holes.source_id = source.id and holes.kind = 'unfetched'
       )::integer as "unfetchedHoles",
       (
         select count(*) from task_backlog as backlog where backlog.source_id = source.id and backlog.attempts > 0
       )::integer as "tasksHoles",
       gaps.gaps as "gapHoles",
       gaps.seconds as "uncoveredSeconds"
     from sources as source
     left join lateral (
       select run.finished_at, run.status, run.error_kind, run.listed from sync_runs as run
       where run.source_id = source.id and run.trigger <> 'backfill' and run.status <> 'running'
       order by run.started_at desc limit 1
     ) as last_run on true
     left join lateral (
       -- Only a whole list tells.
       select run.missing from sync_runs as run
       where run.source_id = source.id and run.trigger <> 'backfill' and run.status <> 'running'
         and run.form is distinct from 'delta'
       order by run.started_at desc limit 1
     ) as last_list on true
     left join lateral (
       select run.started_at, run.finished_at from sync_runs as run
       where run.source_id = source.id and run.status = 'succeeded' and run.trigger <> 'backfill'
       order by run.started_at desc limit 1
     ) as success on true
     left join lateral (
       -- Polls of changes see less than a list does.
       select run.started_at from sync_runs as run
       where run.source_id = source.id and run.status = 'succeeded' and run.trigger <> 'backfill'
         and run.form is distinct from 'delta'
       order by run.started_at desc limit 1
     ) as whole on true
     left join lateral (
       select count(*)::integer as in_a_row from (
         select 1 from sync_runs as run
         where run.source_id = source.id and run.status = 'failed' and run.trigger <> 'backfill'
           and run.error_kind is distinct from 'interrupted'
           and run.started_at > coalesce(success.started_at, '-infinity')
         order by run.started_at desc limit 20
       ) as recent
     ) as failures on true
     left join lateral (
       select count(*)::integer as gaps, coalesce(sum(extract(epoch from to_at - from_at)), 0)::double precision as seconds
       from coverage as gap
       where gap.source_id = source.id and gap.via is null
     ) as gaps on true
     where source.interval_seconds is not null and ($1::text is null or source.name = $1::text)
     order by source.name`,
    [source ?? null],
  );
  return rows;
}

/** The id of this history, which no other shares. */
export async function readInstallation(prisma: PrismaClient): Promise<string> {
  return (await prisma.installation.findFirstOrThrow({ select: { id: true } })).id;
}
