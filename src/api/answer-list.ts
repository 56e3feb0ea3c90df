import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { exportRows, mediaTypes } from '../export/export-rows.ts';
import { rawJsonWriter } from './raw-json.ts';
import { writeCursor } from '../query/cursor.ts';
import { limitQuestion, noLimits } from '../query/limits.ts';
import { parseQuestion, usualLimit, type Given } from '../query/parse-question.ts';
import type { Resource } from '../query/resource.ts';
import { downloadsAtOnce } from '../query/sql/open-query-pool.ts';
import { readPage } from '../query/sql/read-page.ts';
import { streamRows } from '../query/sql/stream-rows.ts';
import { clientOf } from './access.ts';
import { chooseByteOrderMark, chooseFormat, type Format } from './choose-format.ts';
import { hasAny, isNotModified } from './etag.ts';
import { invalidParameters, Problem } from './problems.ts';
import { readyPool, type QueryOptions } from './query-options.ts';
import { sendJson } from './send-json.ts';
import type { Turns } from './take-turns.ts';
import { watchClient } from './watch-client.ts';
import { startYielding } from './yield-to-others.ts';

/** So that one client cannot keep the others from theirs. */
const mostDownloadsOfClient = 2;

/** Rows; larger pages of one client are written one at a time: they keep the process busy, not the database. */
const smallPage = 250;

/** What clients share: turns at the database, and downloads under way, by client. */
export type Shares = { readonly turns: Turns; readonly downloads: Map<string, number> };

/** Answers questions about a resource: a page of JSON, or all rows as a stream. */
export function answerList(resource: Resource, options: QueryOptions, { turns, downloads }: Shares) {
  const write = rawJsonWriter(resource.columns);

  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { format: wanted, bom: wantsBom, ...given } = request.query as Given;
    const format = chooseFormat(wanted, request.headers.accept);
    const bom = chooseByteOrderMark(wantsBom, format);
    const parsed = parseQuestion(resource, given);
    if ('problems' in parsed) throw invalidParameters(parsed.problems);
    const question = limitQuestion(resource, parsed.question, request.access?.limits ?? noLimits);
    const about = { appVersion: options.version, format, isRelativeToNow: resource.isRelativeToNow };
    if (isNotModified(request, reply, about) || hasAny(request)) return reply.code(304).send();
    const pool = readyPool(options.pool);

    if (format !== 'json') {
      // What a HEAD wants to know is in the headers.
      if (request.method === 'HEAD') return reply.type(mediaTypes[format]).send();
      // First: when it throws, nobody is left who listens to the socket.
      const leave = joinDownloads(downloads, clientOf(request));
      const client = watchClient(request);
      const yieldToOthers = startYielding();
      const rows = yieldToOthers(streamRows(pool, resource, question, client.gone));
      const stream = Readable.from(yieldToOthers(exportRows({ format, bom }, resource, rows)), {
        objectMode: false,
        highWaterMark: 262_144,
      });
      const destroy = () => stream.destroy();
      client.gone.addEventListener('abort', destroy);
      if (client.gone.aborted) destroy();
      stream.once('close', () => {
        client.forget();
        leave();
      });
      nameDownload(reply, resource, format);
      return reply.type(mediaTypes[format]).send(stream);
    }

    const limit = question.limit ?? usualLimit;
    const client = watchClient(request);
    const { rows, next, count } = await turns
      .take(clientOf(request), weightOf(limit), client.gone)
      .then((end) => readPage(pool, resource, question, limit, write, client.gone).finally(end))
      .finally(client.forget);
    const page = {
      nextCursor: next === undefined ? null : writeCursor(resource, question, next),
      limit,
      ...(count !== undefined && { count }),
    };
    return sendJson(reply, `{"data":[${rows.join(',')}],"page":${JSON.stringify(page)}}`);
  };
}

/** Of a page of so many rows, among the turns of its client. */
export const weightOf = (limit: number): number => (limit > smallPage ? 3 : 1);

/** Throws Problem `too-many-requests`; what it returns is called at the end of the download. */
export function joinDownloads(downloads: Map<string, number>, client: string): () => void {
  const own = downloads.get(client) ?? 0;
  const all = [...downloads.values()].reduce((sum, count) => sum + count, 0);
  if (own >= mostDownloadsOfClient || all >= downloadsAtOnce) {
    const whose = own >= mostDownloadsOfClient ? `${own} downloads of this client` : `${all} downloads`;
    throw new Problem('too-many-requests', `${whose} are under way already.`, { retryAfter: 10 });
  }
  downloads.set(client, own + 1);
  return () => {
    const left = (downloads.get(client) ?? 1) - 1;
    if (left > 0) downloads.set(client, left);
    else downloads.delete(client);
  };
}

function nameDownload(reply: FastifyReply, { name }: Resource, format: Format): void {
  reply.header('content-disposition', `attachment; filename="${name}.${format}"`);
}
