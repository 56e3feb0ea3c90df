import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mediaTypes } from '../export/export-rows.ts';
import { writeNdjson } from '../export/write-ndjson.ts';
import { noLimits } from '../query/limits.ts';
import { usualLimit, mostRows } from '../query/parse-question.ts';
import { sessions } from '../query/resources/sessions.ts';
import { withConnection } from '../query/sql/lease-connection.ts';
import { openChanges } from '../query/sql/read-changes.ts';
import { valueReader } from '../query/sql/read-values.ts';
import { clientOf } from './access.ts';
import { joinDownloads, weightOf, type Shares } from './answer-list.ts';
import { hasAny, isNotModified } from './etag.ts';
import { invalidParameters } from './problems.ts';
import { readyPool, type QueryOptions } from './query-options.ts';
import { rawJsonWriter } from './raw-json.ts';
import { sendJson } from './send-json.ts';
import { watchClient } from './watch-client.ts';
import { startYielding } from './yield-to-others.ts';

/** Where the feed goes on: as NDJSON has no place for it. */
export const nextCursorHeader = 'x-next-cursor';

const known = ['after', 'limit', 'format'];

/** Answers with the sessions that changed since a cursor: a page of JSON, or all of them as NDJSON. */
export function answerChanges(options: QueryOptions, { turns, downloads }: Shares) {
  const write = rawJsonWriter(sessions.columns);
  const toRow = valueReader(sessions.columns);

  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { after, limit, format } = readParameters(request.query as Record<string, unknown>);
    const about = { appVersion: options.version, format, isRelativeToNow: false };
    if (isNotModified(request, reply, about) || hasAny(request)) return reply.code(304).send();
    const pool = readyPool(options.pool);
    const limits = request.access?.limits ?? noLimits;

    if (format === 'json' || limit !== undefined) {
      const most = limit ?? usualLimit;
      const client = watchClient(request);
      const page = await turns
        .take(clientOf(request), weightOf(most), client.gone)
        .then((end) =>
          withConnection(pool, client.gone, async (connection) => {
            const changes = await openChanges(connection, after, limits);
            return 'wrong' in changes ? changes : changes.page(most);
          }).finally(end),
        )
        .finally(client.forget);
      if ('wrong' in page) throw wrongCursor(page.wrong);
      const { rows, next } = page;
      reply.header(nextCursorHeader, next);
      if (format === 'ndjson')
        return reply.type(mediaTypes.ndjson).send(rows.map((row) => `${write(row)}\n`).join(''));
      const place = JSON.stringify({ nextCursor: next, limit: most });
      return sendJson(reply, `{"data":[${rows.map(write).join(',')}],"page":${place}}`);
    }

    const asking = watchClient(request);
    const changes = await turns
      .take(clientOf(request), 1, asking.gone)
      .then((end) => openChanges(pool, after, limits).finally(end))
      .finally(asking.forget);
    if ('wrong' in changes) throw wrongCursor(changes.wrong);
    reply.header(nextCursorHeader, changes.end).type(mediaTypes.ndjson);
    if (request.method === 'HEAD') return reply.send();
    const leave = joinDownloads(downloads, clientOf(request));
    const client = watchClient(request);
    const batches = startYielding()(changes.batches(client.gone));
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
      leave();
    });
    return reply.send(stream);
  };
}

const wrongCursor = (message: string) => invalidParameters([{ parameter: 'after', message }]);

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
