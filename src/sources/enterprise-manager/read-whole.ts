import { SyncError } from '../../domain/sync-error.ts';
import type { Answer } from './transport.ts';

/** An answer's whole body. Throws SyncError `contract` when it is larger than `maxBytes`. */
export async function readWhole(answer: Answer, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    size += chunk.byteLength;
    if (size > maxBytes)
      throw new SyncError(
        'contract',
        `Enterprise Manager sent more than ${maxBytes} bytes where little was expected.`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
