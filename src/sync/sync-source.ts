import { countHoles } from '../db/holes.ts';
import { holdForRun, holdForTasks, type HeldRun, type HoldableSource } from '../db/hold-source.ts';
import type { Database } from '../db/open-database.ts';
import type { SyncError } from '../domain/sync-error.ts';
import type { RunOutcome, RunTrigger, SyncReport } from '../domain/sync-run.ts';
import type { Source } from '../sources/source.ts';
import { drainTasks } from './drain-tasks.ts';
import { concludeRun } from './conclude-run.ts';
import { poll, type PollOptions } from './poll.ts';
import { startTally, countUp } from './tally.ts';
import { toSyncError } from './to-sync-error.ts';

export type SyncOptions = PollOptions & {
  readonly trigger: RunTrigger;
  /** Whether tasks are read right after the poll. */
  readonly readsTasks: boolean;
  readonly onTasks?: (progress: { readonly read: number }) => void;
};

/**
 * One sync of one source from lock to logoff: the poll, then, with the source given back, the tasks that are due. Never
 * throws; the report says how the run went. Tasks that could not be read are holes and a warning, not a failure of the run.
 */
export async function syncSource(
  database: Database,
  source: HoldableSource,
  /** Asks nothing of the source yet. Aborting the signal ends every request. */
  connect: (signal: AbortSignal) => Promise<Source>,
  options: SyncOptions,
): Promise<SyncReport> {
  const startedAt = performance.now();
  const report = (
    runId: string | null,
    outcome: Pick<SyncReport, 'status' | 'error'> & Partial<Omit<RunOutcome, 'status'>>,
    holes: number | null,
  ): SyncReport => {
    const { counts = nothingCounted, status, form = null, requests = 0, bytesReceived = 0, error } = outcome;
    const { listed, new: added, changed, unchanged, missing, unreadable, unfetched } = counts;
    return {
      source: source.name,
      runId,
      status,
      form,
      // In the order of the contract; what came later stands behind it.
      listed,
      new: added,
      changed,
      unchanged,
      missing,
      unreadable,
      unfetched,
      holes,
      requests,
      bytesReceived,
      durationMs: Math.round(performance.now() - startedAt),
      error,
    };
  };
  const failed = ({ kind, message }: SyncError) => ({ status: 'failed', error: { kind, message } }) as const;

  let held: HeldRun | undefined;
  try {
    held = await holdForRun(database, source, options.trigger);
  } catch (error) {
    return report(null, failed(toSyncError(error)), null);
  }
  if (held === undefined) return report(null, { status: 'skipped', error: null }, null);

  const { runId, sourceId } = held;
  let connected: Source | undefined;
  try {
    let outcome: RunOutcome;
    try {
      connected = await connect(AbortSignal.any([options.signal, held.lost]));
      outcome = await poll(connected, held, options);
    } catch (error) {
      const usage = () => ({ requests: 0, bytesReceived: 0 });
      const run = { form: null, counts: nothingCounted, failure: toSyncError(error) };
      outcome = await concludeRun({ usage }, held, run, options.signal);
    } finally {
      await held.release();
    }
    // A logon that is refused stops a source; whatever else went wrong is no reason to leave tasks unread.
    const mayGoOn = outcome.error?.kind !== 'unauthorized' && outcome.error?.kind !== 'interrupted';
    if (options.readsTasks && mayGoOn && connected !== undefined) {
      await readTasks(database, source, connected, options);
    }
    const holes = await countHoles(database, sourceId).catch(() => null);
    // The logoff is a request, too.
    await connected?.close();
    return report(runId, { ...outcome, ...connected?.usage() }, holes);
  } finally {
    await connected?.close();
  }
}

const nothingCounted = countUp(startTally(), { seen: 0, known: 0 }, undefined);

async function readTasks(
  database: Database,
  source: HoldableSource,
  connected: Source,
  options: SyncOptions,
): Promise<void> {
  try {
    const held = await holdForTasks(database, source);
    if (held === undefined) return;
    try {
      const { failed } = await drainTasks(held, connected, {
        signal: AbortSignal.any([options.signal, held.lost]),
        isImpatient: options.isImpatient,
        ...(options.onTasks && { onProgress: options.onTasks }),
      });
      if (failed > 0)
        options.onWarning?.(`Tasks of ${failed} sessions could not be read; they are tried again later.`);
    } finally {
      await held.release();
    }
  } catch (error) {
    options.onWarning?.(`Tasks are left for the next run: ${toSyncError(error).message}`);
  }
}
