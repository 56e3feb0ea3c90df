import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { exportRows, mediaTypes } from '../export/export-rows.ts';
import { rawJsonWriter } from './raw-json.ts';
import { writeCursor } from '../query/cursor.ts';
import { limitQuestion, noLimits } from '../query/limits.ts';
import { parseQuestion, usualLimit, type Given } from '../query/parse-question.ts';
import type { Resource } from '../query/resource.ts';
import { readPage } from '../query/sql/read-page.ts';
import { streamRows } from '../query/sql/stream-rows.ts';
import { chooseFormat, type Format } from './choose-format.ts';
import { isNotModified } from './etag.ts';
import { invalidParameters, Problem } from './problems.ts';
import { readyPool, type QueryOptions } from './query-options.ts';
import { watchClient } from './watch-client.ts';

export const jsonType = 'application/json; charset=utf-8';

/** Each holds a connection for as long as its client reads. */
export const mostDownloads = 4;

/** Answers questions about a resource: a page of JSON, or all rows as a stream. */
export function answerList(resource: Resource, options: QueryOptions, downloads: { underWay: number }) {
  const write = rawJsonWriter(resource.columns);

  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { format: wanted, ...given } = request.query as Given;
    const format = chooseFormat(wanted, request.headers.accept);
    const parsed = parseQuestion(resource, given);
    if ('problems' in parsed) throw invalidParameters(parsed.problems);
    const question = limitQuestion(resource, parsed.question, request.access?.limits ?? noLimits);
    const about = { appVersion: options.version, format, isRelativeToNow: resource.isRelativeToNow };
    if (isNotModified(request, reply, about)) return reply.send();
    const pool = readyPool(options);

    if (format !== 'json') {
      // What a HEAD wants to know is in the headers.
      if (request.method === 'HEAD') return reply.type(mediaTypes[format]).send();
      if (downloads.underWay >= mostDownloads) {
        throw new Problem('too-many-requests', `${mostDownloads} downloads are under way already.`, {
          retryAfter: 10,
        });
      }
      const client = watchClient(request);
      downloads.underWay += 1;
      const stream = Readable.from(
        exportRows(format, resource.columns, streamRows(pool, resource, question, client.gone)),
        { objectMode: false, highWaterMark: 262_144 },
      );
      const destroy = () => stream.destroy();
      client.gone.addEventListener('abort', destroy);
      if (client.gone.aborted) destroy();
      stream.once('close', () => {
        client.forget();
        downloads.underWay -= 1;
      });
      nameDownload(reply, resource, format);
      return reply.type(mediaTypes[format]).send(stream);
    }

    const limit = question.limit ?? usualLimit;
    const client = watchClient(request);
    const { rows, next, count } = await readPage(pool, resource, question, limit, write, client.gone).finally(
      client.forget,
    );
    const page = {
      nextCursor: next === undefined ? null : writeCursor(resource, question, next),
      limit,
      ...(count !== undefined && { count }),
    };
    return reply.type(jsonType).send(`{"data":[${rows.join(',')}],"page":${JSON.stringify(page)}}`);
  };
}

function nameDownload(reply: FastifyReply, { name }: Resource, format: Format): void {
  reply.header('content-disposition', `attachment; filename="${name}.${format}"`);
}
