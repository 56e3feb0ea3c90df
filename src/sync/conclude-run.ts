import { setTimeout as wait } from 'node:timers/promises';
import { SyncError } from '../domain/sync-error.ts';
import type { RunCounts, RunForm, RunOutcome } from '../domain/sync-run.ts';
import type { HeldRun } from '../db/hold-source.ts';
import { finishRun } from '../db/sync-runs.ts';
import type { Source } from '../sources/source.ts';
import type { Tally } from './tally.ts';
import { toSyncError } from './to-sync-error.ts';

/** A run that ends does not wait longer for its record to be written; the next one closes it. Milliseconds. */
const silenceMs = 10_000;

/** A run that came to its end but may not be called a success. */
export function incompleteness(tally: Tally, counts: RunCounts): SyncError | undefined {
  const unreadable = tally.unreadable.first() ?? tally.unidentified.first();
  if (unreadable !== undefined) {
    return new SyncError(
      'contract',
      `${counts.unreadable} of ${counts.listed} listed sessions could not be read whole. What could be read is stored, the others are whole; view report.holes shows them. The first: ${unreadable}`,
    );
  }
  const unfetched = tally.unfetched.first();
  if (unfetched !== undefined) {
    return new SyncError(
      'transient',
      `${counts.unfetched} of ${counts.listed} listed sessions could not be read by id; view report.holes shows them, and they are asked for again. The first: ${unfetched}`,
    );
  }
  if (counts.missing !== null && counts.missing > 0) {
    return new SyncError(
      'contract',
      `${counts.missing} listed sessions are not in the database. Run sync again: it reads them anew.`,
    );
  }
  return undefined;
}

/** Draws a run's sums and records them. A run that could not be recorded was not a success, whatever it read. */
export async function concludeRun(
  source: Pick<Source, 'usage'>,
  held: HeldRun,
  run: {
    readonly form: RunForm | null;
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
    ...source.usage(),
    error: failure === undefined ? null : { kind: failure.kind, message: failure.message },
  };
  const answered = new AbortController();
  try {
    await Promise.race([
      finishRun(held.database, held, outcome),
      wait(silenceMs, undefined, { signal: answered.signal }).then(() => {
        throw new SyncError('transient', 'The database did not answer: the end of the run is not recorded.');
      }),
    ]);
    return outcome;
  } catch (error) {
    const { kind, message } = toSyncError(error, signal, held.lost);
    return { ...outcome, status: 'failed', error: outcome.error ?? { kind, message } };
  } finally {
    answered.abort();
  }
}
