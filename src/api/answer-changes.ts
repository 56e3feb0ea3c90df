import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mediaTypes } from '../export/export-rows.ts';
import { writeNdjson } from '../export/write-ndjson.ts';
import { noLimits } from '../query/limits.ts';
import { usualLimit, mostRows } from '../query/parse-question.ts';
import { sessions } from '../query/resources/sessions.ts';
import { openChanges } from '../query/sql/read-changes.ts';
import { valueReader } from '../query/sql/read-values.ts';
import { jsonType, mostDownloads } from './answer-list.ts';
import { isNotModified } from './etag.ts';
import { invalidParameters, Problem } from './problems.ts';
import { readyPool, type QueryOptions } from './query-options.ts';
import { rawJsonWriter } from './raw-json.ts';
import { watchClient } from './watch-client.ts';

/** Where the feed goes on: as NDJSON has no place for it. */
export const nextCursorHeader = 'x-next-cursor';

const known = ['after', 'limit', 'format'];

/** Answers with the sessions that changed since a cursor: a page of JSON, or all of them as NDJSON. */
export function answerChanges(options: QueryOptions, downloads: { underWay: number }) {
  const write = rawJsonWriter(sessions.columns);
  const toRow = valueReader(sessions.columns);

  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { after, limit, format } = readParameters(request.query as Record<string, unknown>);
    const about = { appVersion: options.version, format, isRelativeToNow: false };
    if (isNotModified(request, reply, about)) return reply.send();
    const changes = await openChanges(readyPool(options), after, request.access?.limits ?? noLimits);
    if ('wrong' in changes) throw invalidParameters([{ parameter: 'after', message: changes.wrong }]);

    if (format === 'json') {
      const { rows, next } = await changes.page(limit ?? usualLimit);
      reply.header(nextCursorHeader, next).type(jsonType);
      const page = JSON.stringify({ nextCursor: next, limit: limit ?? usualLimit });
      return reply.send(`{"data":[${rows.map(write).join(',')}],"page":${page}}`);
    }
    if (limit !== undefined) {
      const { rows, next } = await changes.page(limit);
      reply.header(nextCursorHeader, next).type(mediaTypes.ndjson);
      return reply.send(rows.map((row) => `${write(row)}\n`).join(''));
    }
    reply.header(nextCursorHeader, changes.end).type(mediaTypes.ndjson);
    if (request.method === 'HEAD') return reply.send();
    if (downloads.underWay >= mostDownloads) {
      throw new Problem('too-many-requests', `${mostDownloads} downloads are under way already.`, {
        retryAfter: 10,
      });
    }
    const client = watchClient(request);
    downloads.underWay += 1;
    const batches = changes.batches(client.gone);
    const rows = (async function* () {
      for await (const batch of batches) yield batch.map(toRow);
    })();
    const stream = Readable.from(writeNdjson(sessions.columns, rows), {
      objectMode: false,
      highWaterMark: 262_144,
    });
    const destroy = () => stream.destroy();
    client.gone.addEventListener('abort', destroy);
    if (client.gone.aborted) destroy();
    stream.once('close', () => {
      client.forget();
      downloads.underWay -= 1;
    });
    return reply.send(stream);
  };
}

function readParameters(given: Record<string, unknown>) {
  const problems: { parameter: string; message: string }[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (!known.includes(name))
      problems.push({ parameter: name, message: `is not known here; there are ${known.join(', ')}` });
    else if (typeof value !== 'string')
      problems.push({ parameter: name, message: 'is given more than once' });
  }
  const { after = '', limit, format = 'json' } = given as Record<string, string | undefined>;
  const rows = limit === undefined || !/^\d{1,6}$/.test(limit) ? undefined : Number(limit);
  if (limit !== undefined && (rows === undefined || rows < 1 || rows > mostRows))
    problems.push({ parameter: 'limit', message: `is no whole number from 1 to ${mostRows}` });
  if (format !== 'json' && format !== 'ndjson')
    problems.push({ parameter: 'format', message: 'is none of json, ndjson' });
  if (problems.length > 0) throw invalidParameters(problems);
  return { after, limit: rows, format: format as 'json' | 'ndjson' };
}
