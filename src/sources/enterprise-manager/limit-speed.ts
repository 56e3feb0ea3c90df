import { SyncError } from '../../domain/sync-error.ts';

/** Milliseconds and bytes. A body that brings fewer bytes in a window is given up, from its second window on. */
export type SpeedFloor = {
  readonly windowMs: number;
  readonly minBytesPerWindow: number;
};

/**
 * Passes a body on while it comes at a useful speed, and no longer than `deadlineMs` in all. The time-out for silence does
 * not catch a peer that sends a byte now and then; this does. Time in which the reader itself was busy does not count
 * against the sender.
 */
export async function* limitSpeed(
  body: AsyncIterable<Uint8Array>,
  floor: SpeedFloor,
  deadlineMs: number,
): AsyncGenerator<Uint8Array> {
  let waitedMs = 0;
  let waitedInAllMs = 0;
  let received = 0;
  let windows = 0;
  for (const chunks = body[Symbol.asyncIterator](); ;) {
    const asked = performance.now();
    const chunk = await chunks.next();
    const took = performance.now() - asked;
    waitedMs += took;
    waitedInAllMs += took;
    if (chunk.done === true) return;
    received += chunk.value.byteLength;
    yield chunk.value;
    if (waitedInAllMs > deadlineMs) {
      const minutes = Math.round(deadlineMs / 60_000);
      throw new SyncError(
        'transient',
        `Enterprise Manager did not finish its answer within ${minutes} minutes.`,
      );
    }
    if (waitedMs < floor.windowMs) continue;
    windows += 1;
    if (windows > 1 && received < floor.minBytesPerWindow) {
      const perSecond = Math.round(received / (waitedMs / 1_000));
      throw new SyncError(
        'transient',
        `Enterprise Manager sends only ${perSecond} bytes a second. What came is kept; the next run goes on.`,
      );
    }
    waitedMs = 0;
    received = 0;
  }
}
