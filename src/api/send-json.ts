import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

export const jsonType = 'application/json; charset=utf-8';

/** Bytes; what is longer goes out in pieces, so that it can be seen how fast it is taken. */
const pieceSize = 65_536;

/** Sends JSON that is written already. */
export function sendJson(reply: FastifyReply, json: string): FastifyReply {
  reply.type(jsonType);
  if (json.length < 2 * pieceSize) return reply.send(json);
  const bytes = Buffer.from(json);
  return reply
    .header('content-length', bytes.length)
    .send(Readable.from(cut(bytes), { objectMode: false, highWaterMark: pieceSize }));
}

function* cut(bytes: Buffer): Generator<Buffer, void, void> {
  for (let at = 0; at < bytes.length; at += pieceSize) yield bytes.subarray(at, at + pieceSize);
}
