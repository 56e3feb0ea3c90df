import { classifyDatabaseError } from '../db/classify-database-error.ts';
import { SyncError } from '../domain/sync-error.ts';

/** Whatever ended a run, as the reason to record: a stop, for the reason it gives, and a lost database outrank what they brought about. */
export function toSyncError(error: unknown, stop?: AbortSignal, lost?: AbortSignal): SyncError {
  const options = { cause: error };
  if (stop?.aborted === true) {
    if (stop.reason instanceof SyncError) return stop.reason;
    return new SyncError(
      'interrupted',
      'The run was stopped; the next one goes on where it left off.',
      options,
    );
  }
  if (lost?.aborted === true) {
    const message = 'The connection to the database broke during the run; the next run reads what is left.';
    return new SyncError('transient', message, options);
  }
  if (error instanceof SyncError) return error;
  if (error instanceof Error && ('code' in error || 'meta' in error)) return classifyDatabaseError(error);
  const reason = error instanceof Error ? error.message : String(error);
  return new SyncError('permanent', `A fault of this program: ${reason}`, options);
}
