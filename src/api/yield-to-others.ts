import { setTimeout as sleep } from 'node:timers/promises';

/** Of the time since the last piece, how much the process was busy when it has none to spare. */
const crowded = 0.5;
/** Milliseconds after the last request in which somebody else is there. */
const othersForMs = 1_000;
/** Times the time that the process was busy. */
const restFor = 8;
const longestMs = 1_000;

let rests: Promise<unknown> = Promise.resolve();
let askedAt = -Infinity;

/** A request came: downloads know that they are not alone. */
export function noteRequest(): void {
  askedAt = performance.now();
}

/**
 * Hands on the pieces of one download: what it reads (batches of rows) and what it writes (a column of Parquet is as much work as many
 * batches). While others ask and the process has no time to spare, it rests after each for eight times as long as the process was
 * busy. Downloads rest one after the other, so that all together take a ninth of the process at most, however fast they are read, and
 * the short questions of others the rest; and no two of them write a column in the same turn of the event loop.
 */
export function startYielding(): <T>(pieces: AsyncIterable<T>) => AsyncGenerator<T, void, void> {
  let before = performance.eventLoopUtilization();
  return async function* yieldToOthers(pieces) {
    for await (const piece of pieces) {
      yield piece;
      const { utilization, active } = performance.eventLoopUtilization(before);
      if (utilization > crowded && performance.now() - askedAt < othersForMs) {
        rests = rests.then(() => sleep(Math.min(restFor * active, longestMs)));
        await rests;
      }
      before = performance.eventLoopUtilization();
    }
  };
}
