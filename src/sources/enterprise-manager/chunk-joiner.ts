/**
 * Puts what is left of earlier chunks before the next one, in memory that is used again and again: what came out before is
 * overwritten.
 */
export function chunkJoiner(): (left: Buffer, chunk: Uint8Array) => Buffer {
  let store: Buffer = Buffer.alloc(0);
  return (left, chunk) => {
    if (left.length === 0) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const size = left.length + chunk.byteLength;
    let from = left.buffer === store.buffer ? left.byteOffset - store.byteOffset : store.length;
    if (from + size > store.length) {
      // Slow: not cut out of the pool that small buffers share. Wide, so that what is left is seldom moved.
      const wide = store.length < size * 2 ? Buffer.allocUnsafeSlow(size * 4) : store;
      wide.set(left, 0);
      store = wide;
      from = 0;
    }
    store.set(chunk, from + left.length);
    return store.subarray(from, from + size);
  };
}
