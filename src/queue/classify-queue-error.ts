import { SyncError } from '../domain/sync-error.ts';

const refusals = /\b(WRONGPASS|NOAUTH|NOPERM)\b/;
const redisWords =
  /Command timed out|Connection is closed|Stream isn't writeable|max retries per request|^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|OOM|BUSY|MISCONF) /i;

const notSupported = [
  [/^READONLY\b/, 'It is a replica: REDIS_URL has to name the primary server.'],
  [
    /^(MOVED|ASK|CROSSSLOT)\b/,
    'It is part of a Redis Cluster, which is not supported: give the queue a server of its own.',
  ],
  [
    /unknown command.*(evalsha|xadd|set|hset|zadd)\b/i,
    'Is it a Sentinel? REDIS_URL has to name the primary server itself.',
  ],
] as const;

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
  const advice = notSupported.find(([sign]) => sign.test(error.message))?.[1];
  // Transient: a fail-over makes a primary of a replica.
  if (advice !== undefined)
    return new SyncError('transient', `The queue refused: ${error.message} ${advice}`, { cause: error });
  if (!redisWords.test(error.message) && error.name !== 'ReplyError') return undefined;
  return new SyncError('transient', `The queue did not answer: ${error.message}`, { cause: error });
}
