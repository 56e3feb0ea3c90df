import type { RunCounts, RunOutcome, RunTrigger } from '../domain/sync-run.ts';
import type { Statements } from './statements.ts';

/** The source's row, made at first sight. */
export async function openSource(
  statement: Statements,
  source: { readonly name: string; readonly url: string },
): Promise<number> {
  const [row] = await statement.$queryRawUnsafe<{ id: number }[]>(
    `with known as (select id, url from sources where name = $1::text),
     added as (
       insert into sources as known (name, url)
       select $1::text, $2::text
       where not exists (select from known where url = $2::text)
       on conflict (name) do update set url = excluded.url
       returning id
     )
     select id from added union all select id from known limit 1`,
    source.name,
    source.url,
  );
  if (row === undefined) throw new Error(`source ${source.name} could not be stored`);
  return row.id;
}

/**
 * Begins a run: raises the fence, so that whoever held the source before can no longer write, and closes the books of runs
 * that died. Call it under the source's lock, in a transaction.
 */
export async function insertRun(
  statement: Statements,
  sourceId: number,
  run: { readonly runId: string; readonly trigger: RunTrigger },
): Promise<bigint> {
  const [row] = await statement.$queryRawUnsafe<{ fence: bigint }[]>(
    `update sources set fence = fence + 1 where id = $1::integer returning fence`,
    sourceId,
  );
  await statement.$executeRawUnsafe(
    `update sync_runs
     set status = 'failed', finished_at = now(), error_kind = 'interrupted',
       error_message = 'The run was cut short: its process was killed or lost the database. The next run makes it good.'
     where source_id = $1::integer and status = 'running'`,
    sourceId,
  );
  await statement.$executeRawUnsafe(
    `insert into sync_runs (run_id, source_id, trigger, status) values ($2::uuid, $1::integer, $3::text, 'running')`,
    sourceId,
    run.runId,
    run.trigger,
  );
  return row?.fence ?? 0n;
}

/** Proves within a transaction that the run still holds the source, and keeps others from taking it until the commit. */
export async function isHolder(statement: Statements, sourceId: number, fence: bigint): Promise<boolean> {
  const rows = await statement.$queryRawUnsafe<unknown[]>(
    `select 1 as holds from sources where id = $1::integer and fence = $2::bigint for no key update`,
    sourceId,
    fence,
  );
  return rows.length === 1;
}

/** Lets writers of one source go one after the other, before they lock anything else: runs and tasks are not held apart. */
export async function lockSource(statement: Statements, sourceId: number): Promise<void> {
  await statement.$executeRawUnsafe(`select from sources where id = $1::integer for no key update`, sourceId);
}

const watchedEveryMs = 1_000;

/** A function that writes down how far a run has come, once a second at most; runs shorter than that never do. */
export function progressNoter(
  statement: Statements,
  runId: string,
): (progress: Pick<RunCounts, 'listed' | 'new' | 'changed'>) => void {
  let next = performance.now() + watchedEveryMs;
  return (progress) => {
    if (performance.now() < next) return;
    next = Number.POSITIVE_INFINITY;
    statement
      .$executeRawUnsafe(
        `update sync_runs set listed = $2::integer, new_sessions = $3::integer, changed = $4::integer
         where run_id = $1::uuid and status = 'running'`,
        runId,
        progress.listed,
        progress.new,
        progress.changed,
      )
      // The run itself will say what is wrong with the database.
      .catch(() => undefined)
      .finally(() => {
        next = performance.now() + watchedEveryMs;
      });
  };
}

/** Closes the run's record. A run that another has replaced was closed by that one and stays so. */
export async function updateRun(statement: Statements, runId: string, outcome: RunOutcome): Promise<void> {
  const { counts, error } = outcome;
  await statement.$executeRawUnsafe(
    `update sync_runs
     set status = $2::text, form = $3::text, finished_at = clock_timestamp(),
       listed = $4::integer, new_sessions = $5::integer, changed = $6::integer, unchanged = $7::integer,
       unreadable = $8::integer, missing = $9::integer, requests = $10::integer, bytes_received = $11::bigint,
       error_kind = $12::text, error_message = $13::text
     where run_id = $1::uuid and error_kind is distinct from 'interrupted'`,
    runId,
    outcome.status,
    outcome.form,
    counts.listed,
    counts.new,
    counts.changed,
    counts.unchanged,
    counts.unreadable,
    counts.missing,
    outcome.requests,
    outcome.bytesReceived,
    error?.kind ?? null,
    error?.message ?? null,
  );
}
