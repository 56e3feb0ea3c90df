import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendFactory, IQueueBackend } from 'bullmq';

const firstPauseMs = 250;
const longestPauseMs = 10_000;
/** Seconds that a worker listens before it looks for itself: what a silently dead connection can hide, at most. */
const listenSeconds = 10;

/**
 * BullMQ's worker asks again at once when its backend fails in a way it does not take for a lost connection (a PostgreSQL that is
 * starting up, a missing table): millions of times a minute. Here each failure in a row is followed by a longer pause,
 * which `closing` cuts short: whoever stops the process waits ten seconds and then kills it.
 */
export function pace<Backend extends IQueueBackend, Connection>(
  factory: BackendFactory<Backend, Connection>,
  closing: AbortSignal,
): BackendFactory<Backend, Connection> {
  return (name, options, factoryOptions) => {
    const backend = factory(name, options, factoryOptions);
    let pauseMs = firstPauseMs;
    const paced =
      <Args extends unknown[], Result>(ask: (...args: Args) => Promise<Result>) =>
      async (...args: Args): Promise<Result> => {
        try {
          const answer = await ask(...args);
          pauseMs = firstPauseMs;
          return answer;
        } catch (error) {
          if (backend.closing === undefined)
            await sleep(pauseMs, undefined, { ref: false, signal: closing }).catch(() => undefined);
          pauseMs = Math.min(pauseMs * 2, longestPauseMs);
          throw error;
        }
      };
    backend.moveToActive = paced(backend.moveToActive.bind(backend));
    backend.waitForJob = paced(backend.waitForJob.bind(backend));
    Object.defineProperty(backend, 'maximumBlockTimeout', { value: listenSeconds });
    return backend;
  };
}
