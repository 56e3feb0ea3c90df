import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../domain/sync-error.ts';

const firstPauseMs = 250;
const longestPauseMs = 10_000;

/**
 * Tries until it works, with growing pauses, as long as what goes wrong may pass by itself. Returns undefined when stopped;
 * throws what will not pass.
 */
export async function patiently<T>(
  work: () => Promise<T>,
  options: { readonly signal: AbortSignal; readonly onFailure: (error: Error) => void },
): Promise<T | undefined> {
  for (let pauseMs = firstPauseMs; !options.signal.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SyncError) || error.kind !== 'transient') throw error;
      options.onFailure(error);
      await sleep(pauseMs, undefined, { signal: options.signal }).catch(() => undefined);
    }
  }
  return undefined;
}
