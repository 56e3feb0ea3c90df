import { setImmediate } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { jsonRowWriter } from '../export/json-row.ts';
import { noLimits, type Limits } from '../query/limits.ts';
import { parseValue } from '../query/parse-value.ts';
import { sessions } from '../query/resources/sessions.ts';
import { taskColumns } from '../query/resources/task-columns.ts';
import type { ColumnType, Resource } from '../query/resource.ts';
import type { Row } from '../query/row.ts';
import { withConnection, type Connection } from '../query/sql/lease-connection.ts';
import { readOne } from '../query/sql/read-one.ts';
import { readSession } from '../query/sql/read-session.ts';
import { clientOf } from './access.ts';
import type { Shares } from './answer-list.ts';
import { hasAny, isNotModified } from './etag.ts';
import { invalidParameters, Problem } from './problems.ts';
import { readyPool, type QueryOptions } from './query-options.ts';
import { sendJson } from './send-json.ts';
import { watchClient } from './watch-client.ts';

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
/** The thing as JSON, and the source that has it. */
type Found = { readonly source: string; readonly json: string };

/** Answers with the one thing of that id or name, which each source may have. */
function answerOne(
  options: QueryOptions,
  { turns }: Shares,
  about: { readonly parameter: string; readonly type: ColumnType; readonly isRelativeToNow: boolean },
  find: (
    connection: Connection,
    wanted: string,
    source: string | undefined,
    limits: Limits,
  ) => Promise<readonly Found[]>,
): Handler {
  return async (request, reply) => {
    const wanted = readParameter(
      about.parameter,
      about.type,
      (request.params as Record<string, string>)[about.parameter] ?? '',
    );
    const source = readSource(request.query as Record<string, unknown>);
    if (isNotModified(request, reply, { appVersion: options.version, format: 'json', ...about }))
      return reply.send();
    const pool = readyPool(options.pool);
    const limits = request.access?.limits ?? noLimits;
    const client = watchClient(request);
    const found = await turns
      .take(clientOf(request), 1, client.gone)
      .then((end) =>
        withConnection(pool, client.gone, (connection) => find(connection, wanted, source, limits)).finally(
          end,
        ),
      )
      .finally(client.forget);
    const [first] = found;
    if (first === undefined) throw new Problem('not-found', `Nothing has the ${about.parameter} ${wanted}.`);
    if (found.length > 1) {
      throw new Problem(
        'ambiguous',
        `Add source=… to say which: ${found.map((one) => one.source).join(', ')}.`,
      );
    }
    if (hasAny(request)) return reply.code(304).send();
    return sendJson(reply, first.json);
  };
}

export function answerSession(options: QueryOptions, shares: Shares): Handler {
  const session = jsonRowWriter(sessions.columns);
  const task = jsonRowWriter(taskColumns);
  return answerOne(
    options,
    shares,
    { parameter: 'id', type: 'uuid', isRelativeToNow: false },
    async (client, id, source, limits) =>
      Promise.all(
        (await readSession(client, id, source, limits)).map(async (details) => ({
          source: sourceOf(sessions, details.session),
          json:
            `${session(details.session).slice(0, -1)},"parent":${details.parent === undefined ? 'null' : session(details.parent)},` +
            `"children":[${await joinRows(details.children, session)}],"tasks":[${await joinRows(details.tasks, task)}]}`,
        })),
      ),
  );
}

/** Of a resource that is a view: the row with that value. */
export function answerRow(
  resource: Resource,
  options: QueryOptions,
  shares: Shares,
  parameter: 'id' | 'name' | 'runId',
  column: 'job_id' | 'computer' | 'run_id',
): Handler {
  const write = jsonRowWriter(resource.columns);
  return answerOne(
    options,
    shares,
    { parameter, type: column === 'computer' ? 'text' : 'uuid', isRelativeToNow: resource.isRelativeToNow },
    async (client, wanted, source, limits) =>
      (await readOne(client, resource, column, wanted, source, limits)).map((row) => ({
        source: sourceOf(resource, row),
        json: write(row),
      })),
  );
}

/** Written a piece at a time: others wait while it is, and a job may have tens of thousands of computers. */
async function joinRows(rows: readonly Row[], write: (row: Row) => string): Promise<string> {
  const pieces: string[] = [];
  for (let at = 0; at < rows.length; at += 1_000) {
    if (at > 0) await setImmediate();
    pieces.push(
      rows
        .slice(at, at + 1_000)
        .map(write)
        .join(','),
    );
  }
  return pieces.join(',');
}

function sourceOf({ columns }: Resource, row: Row): string {
  return String(row[columns.findIndex(({ name }) => name === 'source')]);
}

function readSource({ source, ...others }: Record<string, unknown>): string | undefined {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw invalidParameters([{ parameter: unknown, message: 'is not known here; there is source' }]);
  if (source === undefined) return undefined;
  if (typeof source !== 'string')
    throw invalidParameters([{ parameter: 'source', message: 'is given more than once' }]);
  return readParameter('source', 'text', source);
}

/** Throws Problem `invalid-parameter`. */
export function readParameter(parameter: string, type: ColumnType, text: string): string {
  const parsed = parseValue({ type }, text);
  if ('value' in parsed) return parsed.value;
  throw invalidParameters([{ parameter, message: parsed.wrong }]);
}
