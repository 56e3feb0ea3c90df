import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { sendSpoiled, type Spoiling } from './faults.ts';
import type { Body, Reply } from './reply.ts';

/** Sends an answer, as it should be or spoiled. Throws when the client hangs up in the middle. */
export async function send(
  response: ServerResponse,
  { status, body, headers = {} }: Reply,
  options: { readonly isCompressed: boolean; readonly spoiling: Spoiling | undefined },
): Promise<void> {
  const all = { 'Content-Type': 'application/xml', ...headers };
  if (options.spoiling !== undefined) {
    sendSpoiled(response, status, all, wholeText(body), options.spoiling);
    return;
  }
  if (options.isCompressed) {
    response.writeHead(status, { ...all, 'Content-Encoding': 'gzip' });
    await pipeline(Readable.from(inChunks(pieces(body))), createGzip(), response);
    return;
  }
  response.writeHead(status, all);
  if (typeof body === 'string') response.end(body);
  else await pipeline(Readable.from(inChunks(body)), response);
}

const pieces = (body: Body) => (typeof body === 'string' ? [body] : body);
const wholeText = (body: Body) => [...pieces(body)].join('');

const chunkSize = 65_536;

/** Records in pieces that are worth a write. */
function* inChunks(pieces: Iterable<string>): Generator<Buffer> {
  let gathered = '';
  for (const piece of pieces) {
    gathered += piece;
    if (gathered.length < chunkSize) continue;
    yield Buffer.from(gathered);
    gathered = '';
  }
  yield Buffer.from(gathered);
}
