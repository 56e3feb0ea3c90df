/**
 * Puts what is left of earlier chunks before the next one, in memory that is used again for every chunk: what came out before
 * is overwritten.
 */
export function chunkJoiner(): (left: Buffer, chunk: Uint8Array) => Buffer {
  let store: Buffer = Buffer.alloc(0);
  return (left, chunk) => {
    if (left.length === 0) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const size = left.length + chunk.byteLength;
    // Slow: not cut out of the pool that small buffers share.
    const wide = store.length < size ? Buffer.allocUnsafeSlow(size * 2) : store;
    wide.set(left, 0);
    wide.set(chunk, left.length);
    store = wide;
    return wide.subarray(0, size);
  };
}
