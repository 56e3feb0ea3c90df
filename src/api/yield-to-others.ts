import { setTimeout as sleep } from 'node:timers/promises';

/** Of the time since the last batch that the process was busy: more than a download alone makes it. */
const isCrowded = 0.9;
/** Times the time that the process was busy. */
const restFor = 2;
const longestMs = 500;

/**
 * Hands on the batches of a download, and while the process has no time to spare rests after each for twice as long as it was busy: who reads
 * as fast as it can takes a third of the process at most, and the short questions of others the rest.
 */
export async function* yieldToOthers<T>(batches: AsyncIterable<T>): AsyncGenerator<T> {
  let before = performance.eventLoopUtilization();
  for await (const batch of batches) {
    yield batch;
    const { utilization, active } = performance.eventLoopUtilization(before);
    if (utilization > isCrowded) await sleep(Math.min(restFor * active, longestMs));
    before = performance.eventLoopUtilization();
  }
}
