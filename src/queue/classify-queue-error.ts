import { SyncError } from '../domain/sync-error.ts';

const refusals = /\b(WRONGPASS|NOAUTH|NOPERM)\b/;
const redisWords =
  /Command timed out|Connection is closed|Stream isn't writeable|max retries per request|^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|OOM|BUSY|MISCONF) /i;

/** An error of Redis as a SyncError; undefined when it is none of Redis's. */
export function classifyQueueError(error: unknown): SyncError | undefined {
  if (error instanceof SyncError) return error;
  if (!(error instanceof Error)) return undefined;
  if (refusals.test(error.message)) {
    return new SyncError(
      'permanent',
      `Redis refused: ${error.message} Check the user name and password in REDIS_URL.`,
      { cause: error },
    );
  }
  if (!redisWords.test(error.message) && error.name !== 'ReplyError') return undefined;
  return new SyncError('transient', `The queue did not answer: ${error.message}`, { cause: error });
}
