import { SyncError } from '../domain/sync-error.ts';

/** Whatever ended a run, as the reason to record: a stop on request and a lost database outrank what they brought about. */
export function asSyncError(error: unknown, stop: AbortSignal, lost: AbortSignal): SyncError {
  const options = { cause: error };
  if (stop.aborted) {
    return new SyncError(
      'interrupted',
      'The run was stopped; the next one goes on where it left off.',
      options,
    );
  }
  if (lost.aborted) {
    const message = 'The connection to the database broke during the run; the next run makes it good.';
    return new SyncError('transient', message, options);
  }
  if (error instanceof SyncError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new SyncError('permanent', `A fault of this program: ${reason}`, options);
}
