import { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { SyncError } from '../../domain/sync-error.ts';
import { maxGrowth, maxSpaceBytes } from './bounds.ts';

export const acceptedEncodings = 'gzip, deflate';

/**
 * A body as it was before it was compressed, as a stream. Throws SyncError `contract` for an encoding that was not offered
 * and for a body that grows beyond all measure; the body's own errors come through as they are.
 */
export async function* decompress(
  body: AsyncIterable<Uint8Array>,
  encoding: string | undefined,
): AsyncGenerator<Uint8Array> {
  const how = encoding?.trim().toLowerCase() ?? '';
  if (how === '' || how === 'identity') {
    yield* body;
    return;
  }
  const chunks = body[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done === true) return;
  const unzip = openUnzip(how, first.value);
  let received = 0;
  let unpacked = 0;
  async function* wire(): AsyncGenerator<Uint8Array> {
    try {
      for (let chunk = first; chunk.done !== true; chunk = await chunks.next()) {
        received += chunk.value.byteLength;
        yield chunk.value;
      }
    } finally {
      await chunks.return?.();
    }
  }
  // Errors of either side come out of reading `unzip`.
  pipeline(Readable.from(wire(), { objectMode: false }), unzip, () => undefined);
  try {
    for await (const chunk of unzip as AsyncIterable<Buffer>) {
      unpacked += chunk.length;
      if (unpacked > maxSpaceBytes && unpacked > received * maxGrowth) {
        throw new SyncError(
          'contract',
          `Enterprise Manager sent a compressed answer that grows more than ${maxGrowth}-fold; it is refused for safety.`,
        );
      }
      yield chunk;
    }
  } finally {
    unzip.destroy();
  }
}

function openUnzip(how: string, first: Uint8Array) {
  const options = { chunkSize: 65_536 };
  if (how === 'gzip' || how === 'x-gzip') return createGunzip(options);
  // Some servers mean the bare stream by "deflate", without zlib's header.
  if (how === 'deflate')
    return ((first[0] ?? 0) & 0x0f) === 8 ? createInflate(options) : createInflateRaw(options);
  throw new SyncError(
    'contract',
    `Enterprise Manager answered with Content-Encoding "${how}", which was not offered.`,
  );
}
