import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Whether the client wants nothing if there is anything: `If-None-Match: *`. */
export function hasAny(request: FastifyRequest): boolean {
  return request.headers['if-none-match']?.trim() === '*';
}

/**
 * Marks the answer with what it depends on: the last committed change, the question, this version, and the minute where the
 * answer moves with the clock. Returns true when the client has it already, and answers 304 then.
 */
export function isNotModified(
  request: FastifyRequest,
  reply: FastifyReply,
  about: { readonly appVersion: string; readonly format: string; readonly isRelativeToNow: boolean },
): boolean {
  const minute = about.isRelativeToNow ? Math.floor(Date.now() / 60_000) : 0;
  const parts = [request.access?.version, about.appVersion, about.format, minute, request.url];
  const tag = `W/"${createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22)}"`;
  reply.header('etag', tag).header('cache-control', 'private, no-cache');
  const known = request.headers['if-none-match'];
  if (known === undefined) return false;
  const isKnown = known.split(',').some((one) => one.trim().replace(/^(W\/)?/, 'W/') === tag);
  if (isKnown) reply.code(304);
  return isKnown;
}
