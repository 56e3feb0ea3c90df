import { TextDecoder } from 'node:util';
import { SyncError } from '../../domain/sync-error.ts';

const declaration = /^<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([^"']{1,40})["']/;
/** The longest declaration that is waited for. */
const maxDeclarationBytes = 512;

/**
 * A document's bytes as UTF-8, whatever it declares to be written in: by its byte order mark, its XML declaration, or
 * (`charset`) its Content-Type. Throws SyncError `contract` for an encoding that is not known.
 */
export async function* toUtf8(
  chunks: AsyncIterable<Uint8Array>,
  charset: string | undefined,
): AsyncGenerator<Uint8Array> {
  let start: Buffer | undefined = Buffer.alloc(0);
  let decoder: TextDecoder | undefined;
  for await (const chunk of chunks) {
    let bytes: Uint8Array = chunk;
    if (start !== undefined) {
      start = Buffer.concat([start, chunk]);
      if (start.length < maxDeclarationBytes && !start.includes('?>')) continue;
      ({ decoder, bytes } = begin(start, charset));
      start = undefined;
    }
    yield decoder === undefined ? bytes : Buffer.from(decoder.decode(bytes, { stream: true }));
  }
  if (start !== undefined) {
    const { decoder: last, bytes } = begin(start, charset);
    yield last === undefined ? bytes : Buffer.from(last.decode(bytes));
  } else if (decoder !== undefined) yield Buffer.from(decoder.decode());
}

function begin(
  start: Buffer,
  charset: string | undefined,
): { readonly decoder: TextDecoder | undefined; readonly bytes: Uint8Array } {
  if (start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf)
    return { decoder: undefined, bytes: start.subarray(3) };
  const label = encodingOf(start, charset);
  if (/^(utf-?8|us-ascii|ascii)$/i.test(label)) return { decoder: undefined, bytes: start };
  try {
    return { decoder: new TextDecoder(label), bytes: start };
  } catch (error) {
    throw new SyncError(
      'contract',
      `Enterprise Manager answered in the encoding "${label}", which is not known.`,
      {
        cause: error,
      },
    );
  }
}

function encodingOf(start: Buffer, charset: string | undefined): string {
  if ((start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0x3c && start[1] === 0)) return 'utf-16le';
  if ((start[0] === 0xfe && start[1] === 0xff) || (start[0] === 0 && start[1] === 0x3c)) return 'utf-16be';
  const declared =
    declaration.exec(start.toString('latin1', 0, maxDeclarationBytes))?.[1] ?? charset ?? 'utf-8';
  // It could be read byte by byte, so it is not what it says.
  return /^(utf-?16|ucs-?2|iso-10646)/i.test(declared) ? 'utf-8' : declared;
}
