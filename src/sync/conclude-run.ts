import type { ListForm } from '../domain/list-form.ts';
import type { SyncError } from '../domain/sync-error.ts';
import type { RunCounts, RunOutcome } from '../domain/sync-run.ts';
import { asSyncError } from './as-sync-error.ts';
import type { EnterpriseManager, SourceHistory } from './ports.ts';

/** Draws a run's sums and records them. A run that could not be recorded was not a success, whatever it read. */
export async function concludeRun(
  em: EnterpriseManager,
  history: SourceHistory,
  run: {
    readonly form: ListForm | null;
    readonly counts: RunCounts;
    readonly failure: SyncError | undefined;
  },
  signal: AbortSignal,
): Promise<RunOutcome> {
  const { form, counts, failure } = run;
  const outcome: RunOutcome = {
    status: failure === undefined ? 'succeeded' : 'failed',
    form,
    counts,
    ...em.usage(),
    error: failure === undefined ? null : { kind: failure.kind, message: failure.message },
  };
  try {
    await history.finish(outcome);
    return outcome;
  } catch (error) {
    const { kind, message } = asSyncError(error, signal, history.lost);
    return { ...outcome, status: 'failed', error: outcome.error ?? { kind, message } };
  }
}
