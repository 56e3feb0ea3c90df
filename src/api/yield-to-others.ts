import { setTimeout as sleep } from 'node:timers/promises';

/** Of the time since the last batch that the process was busy: more than a download alone makes it. */
const isCrowded = 0.9;
/** Times the time that the process was busy. */
const restFor = 3;
const longestMs = 500;

let rests: Promise<unknown> = Promise.resolve();

/**
 * Hands on the batches of a download, and while the process has no time to spare rests after each for three times as long as it was busy.
 * Downloads rest one after the other, so that all together take a quarter of the process at most, however fast they are read, and
 * the short questions of others the rest.
 */
export async function* yieldToOthers<T>(batches: AsyncIterable<T>): AsyncGenerator<T> {
  let before = performance.eventLoopUtilization();
  for await (const batch of batches) {
    yield batch;
    const { utilization, active } = performance.eventLoopUtilization(before);
    if (utilization > isCrowded) {
      rests = rests.then(() => sleep(Math.min(restFor * active, longestMs)));
      await rests;
    }
    before = performance.eventLoopUtilization();
  }
}
