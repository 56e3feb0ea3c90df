import { SyncError } from '../domain/sync-error.ts';
import type { SyncReport } from '../domain/sync-report.ts';
import type { RunOutcome } from '../domain/sync-run.ts';
import { drainHeldBacklog, type HoldBacklog } from './drain-held-backlog.ts';
import type { EnterpriseManager, SourceHistory } from './ports.ts';
import { runSync, type RunOptions } from './run-sync.ts';

/** What a sync of one source needs from outside; each is asked for when its turn comes. */
export type SourcePorts = {
  /** undefined: another run has the source. */
  readonly hold: () => Promise<SourceHistory | undefined>;
  readonly holdBacklog: HoldBacklog;
  /** Asks nothing of EM yet. Aborting the signal ends every request. */
  readonly connect: (signal: AbortSignal) => EnterpriseManager;
};

export type SyncOptions = RunOptions & {
  readonly source: string;
  readonly readsTasks: boolean;
  readonly onTasks?: (progress: { readonly read: number }) => void;
};

/**
 * One sync of one source from lock to logoff: the run itself, then, with the source released again, the tasks of sessions
 * that became final. Never throws; the report says how the run went. Tasks that could not be read are a warning, not a
 * failure: they stay in the backlog.
 */
export async function syncSource(ports: SourcePorts, options: SyncOptions): Promise<SyncReport> {
  const startedAt = performance.now();
  const report = (
    outcome: Pick<SyncReport, 'runId' | 'status' | 'error'> & Partial<Omit<RunOutcome, 'status'>>,
  ): SyncReport => ({
    source: options.source,
    runId: outcome.runId,
    status: outcome.status,
    form: outcome.form ?? null,
    listed: outcome.counts?.listed ?? 0,
    new: outcome.counts?.new ?? 0,
    changed: outcome.counts?.changed ?? 0,
    unchanged: outcome.counts?.unchanged ?? 0,
    missing: outcome.counts?.missing ?? 0,
    requests: outcome.requests ?? 0,
    bytesReceived: outcome.bytesReceived ?? 0,
    durationMs: Math.round(performance.now() - startedAt),
    error: outcome.error,
  });

  let history: SourceHistory | undefined;
  try {
    history = await ports.hold();
  } catch (error) {
    const { kind, message } = toSyncError(error);
    return report({ runId: null, status: 'failed', error: { kind, message } });
  }
  if (history === undefined) return report({ runId: null, status: 'skipped', error: null });

  const { runId } = history;
  let em: EnterpriseManager;
  try {
    em = ports.connect(AbortSignal.any([options.signal, history.lost]));
  } catch (error) {
    const outcome = notBegun(toSyncError(error));
    await history.finish(outcome).catch(() => undefined);
    await history.release();
    return report({ ...outcome, runId });
  }
  try {
    let outcome: RunOutcome;
    try {
      outcome = await runSync(em, history, options);
    } finally {
      await history.release();
    }
    if (options.readsTasks && outcome.status === 'succeeded') await readTasks(em, ports, options);
    return report({ ...outcome, runId, ...em.usage() });
  } finally {
    await em.close();
  }
}

/** A run that failed before its first request. */
function notBegun({ kind, message }: SyncError): RunOutcome {
  const counts = { listed: 0, new: 0, changed: 0, unchanged: 0, unreadable: 0, missing: 0 };
  return { status: 'failed', form: null, counts, requests: 0, bytesReceived: 0, error: { kind, message } };
}

async function readTasks(em: EnterpriseManager, ports: SourcePorts, options: SyncOptions): Promise<void> {
  try {
    await drainHeldBacklog(em, ports.holdBacklog, {
      concurrency: options.concurrency,
      signal: options.signal,
      ...(options.onTasks && { onProgress: options.onTasks }),
      ...(options.onWarning && { onWarning: options.onWarning }),
    });
  } catch (error) {
    options.onWarning?.(`Tasks are left for the next run: ${toSyncError(error).message}`);
  }
}

function toSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error;
  return new SyncError('permanent', error instanceof Error ? error.message : String(error), { cause: error });
}
