import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problems.ts';
import { computerCalendar } from '../query/resources/computer-calendar.ts';
import { computers } from '../query/resources/computers.ts';
import { coverage } from '../query/resources/coverage.ts';
import { dailyTotals } from '../query/resources/daily-totals.ts';
import { dailyOutcomes } from '../query/resources/daily-outcomes.ts';
import { durationGrowth } from '../query/resources/duration-growth.ts';
import { holes } from '../query/resources/holes.ts';
import { jobs } from '../query/resources/jobs.ts';
import { labels } from '../query/resources/labels.ts';
import { outcomesByDay } from '../query/resources/outcomes-by-day.ts';
import { overdue } from '../query/resources/overdue.ts';
import { servers } from '../query/resources/servers.ts';
import { sessions } from '../query/resources/sessions.ts';
import { sources } from '../query/resources/sources.ts';
import { syncRuns } from '../query/resources/sync-runs.ts';
import { taskColumns } from '../query/resources/task-columns.ts';
import type { Resource } from '../query/resource.ts';
import { questionsAtOnce } from '../query/sql/open-query-pool.ts';
import { requireScope, type openAccess } from './access.ts';
import { answerChanges, nextCursorHeader } from './answer-changes.ts';
import { answerDeleteLabels, answerPutLabels, labelSchema, mostLabels } from './answer-labels.ts';
import { answerList, type Shares } from './answer-list.ts';
import { answerRow, answerSession } from './answer-one.ts';
import { answerSync } from './answer-sync.ts';
import type { QueryOptions } from './query-options.ts';
import { refuseOtherMethods } from './refuse-other-methods.ts';
import { createTurns } from './take-turns.ts';
import {
  listAnswer,
  listParameters,
  problemAnswers,
  rowSchema,
  usualProblems,
  type Schema,
} from './schemas.ts';

const lists = [
  ['/sessions', sessions, 'History', 'Sessions'],
  ['/jobs', jobs, 'History', 'Jobs'],
  ['/computers', computers, 'History', 'Computers'],
  ['/servers', servers, 'History', 'Veeam backup servers'],
  ['/reports/daily-outcomes', dailyOutcomes, 'Reports', 'Runs a day and job'],
  ['/reports/daily-totals', dailyTotals, 'Reports', 'Runs a day, server, policy and customer'],
  ['/reports/overdue', overdue, 'Reports', 'Computers that are overdue'],
  ['/reports/outcomes-by-day', outcomesByDay, 'Reports', 'Runs a day'],
  ['/reports/computer-calendar', computerCalendar, 'Reports', 'The last 90 days of computers'],
  [
    '/reports/duration-growth',
    durationGrowth,
    'Reports',
    'Computers whose backups take longer than they did',
  ],
  ['/sources', sources, 'Sync', 'Enterprise Managers, and how they stand'],
  ['/sync-runs', syncRuns, 'Sync', 'Runs of the sync'],
  ['/coverage', coverage, 'Sync', 'Creation times that were read whole, and gaps'],
  ['/holes', holes, 'Sync', 'What is known not to be stored as it should be'],
  ['/labels', labels, 'Labels', 'Labels as they were given'],
] as const satisfies readonly (readonly [string, Resource, string, string])[];

const bySource: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    source: {
      type: 'string',
      description: 'Needed only where several sources have it.',
      examples: ['headquarters'],
    },
  },
};
const parameter = (name: string, format: 'uuid' | undefined, example: string): Schema => ({
  type: 'object',
  required: [name],
  properties: { [name]: { type: 'string', ...(format && { format }), examples: [example] } },
});
const anId = '0c5e4d9b-0f8a-4a5c-9d35-6a2c1f0e7a11';

/** All addresses under `/api/v1`. */
export function queryRoutes(
  api: FastifyInstance,
  options: QueryOptions,
  checkAccess: ReturnType<typeof openAccess>,
): void {
  const shares: Shares = {
    turns: createTurns({
      connections: questionsAtOnce,
      atOnce: 4,
      burstMs: 10_000,
      waiting: 1_000,
      waitMs: 10_000,
    }),
    downloads: new Map(),
  };
  const config = {
    rateLimit: {
      keyGenerator: (request: FastifyRequest) => request.access?.key?.id ?? '',
      allowList: (request: FastifyRequest) => request.access?.key === undefined,
    },
  };
  const unchanged = {
    304: { description: 'Nothing was synced since: the answer is the one of that ETag.', type: 'null' },
  };
  api.decorateRequest('access', undefined);
  api.addHook('onRequest', checkAccess);

  const refuseOthers = refuseOtherMethods(api);

  for (const [path, resource, tag, summary] of lists) {
    const response = { 200: listAnswer(resource), ...unchanged, ...problemAnswers(usualProblems) };
    const schema = {
      tags: [tag],
      summary,
      operationId: `list-${resource.name}`,
      querystring: listParameters(resource),
      response,
    };
    api.get(path, { config, schema }, answerList(resource, options, shares));
  }

  api.get(
    '/changes',
    {
      config,
      schema: {
        tags: ['History'],
        summary: 'Sessions that changed since a cursor',
        operationId: 'list-changes',
        description:
          'A feed: each session comes again whenever it changed, those of a source in the order of its commits. Keep `nextCursor` and ' +
          'ask again with it, for ever: nothing is missed, whatever is written meanwhile. Tell sessions apart by source and sessionId.',
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            after: {
              type: 'string',
              examples: [''],
              description: '`nextCursor` of an earlier answer; empty: from the beginning.',
            },
            limit: { type: 'integer', minimum: 1, maximum: 1_000, examples: [100] },
            format: { type: 'string', enum: ['json', 'ndjson'] },
          },
        },
        response: {
          200: {
            description: 'A page, or all that changed as NDJSON; a page without rows: that is all for now.',
            headers: {
              [nextCursorHeader]: { schema: { type: 'string' }, description: '`nextCursor`, for NDJSON.' },
            },
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  additionalProperties: false,
                  required: ['data', 'page'],
                  properties: {
                    data: { type: 'array', items: rowSchema(sessions.columns) },
                    page: {
                      type: 'object',
                      additionalProperties: false,
                      required: ['nextCursor', 'limit'],
                      properties: { nextCursor: { type: 'string' }, limit: { type: 'integer' } },
                    },
                  },
                },
              },
              'application/x-ndjson': { schema: { type: 'string' } },
            },
          },
          ...unchanged,
          ...problemAnswers(usualProblems),
        },
      },
    },
    answerChanges(options, shares),
  );

  const place = Object.fromEntries(
    ['source', 'server', 'job', 'computer', 'name'].map((name) => [
      name,
      { type: 'string', examples: ['headquarters'] },
    ]),
  );
  const ofLabels = (summary: string, operationId: string) => ({
    tags: ['Labels'],
    summary,
    operationId,
    querystring: { type: 'object', additionalProperties: false, properties: place },
  });
  // Read as text: what is wrong with it is told as everything else is.
  api.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, parsed) => {
    parsed(null, body);
  });
  const changed = {
    response: {
      200: {
        description: 'All of them, or none, are changed.',
        content: {
          'application/json': {
            schema: {
              type: 'object',
              additionalProperties: false,
              required: ['changed'],
              properties: {
                changed: { type: 'integer', description: 'Things whose labels were changed.' },
              },
            },
          },
        },
      },
      ...problemAnswers([...usualProblems, 'forbidden', 'too-large']),
    },
  };
  api.put(
    '/labels',
    {
      config,
      schema: {
        ...ofLabels('Sets labels', 'put-labels'),
        querystring: { type: 'object', additionalProperties: false, properties: {} },
        description:
          'Each is on the innermost thing it names: a computer, a job, a server or a source. Needs scope operate.',
        body: { type: 'array', maxItems: mostLabels, items: labelSchema },
        ...changed,
      },
    },
    answerPutLabels(options, shares.turns),
  );
  api.delete(
    '/labels',
    {
      config,
      schema: {
        ...ofLabels('Takes labels away', 'delete-labels'),
        description: 'Of the innermost thing named; without `name`, all it has. Needs scope operate.',
        ...changed,
      },
    },
    answerDeleteLabels(options, shares.turns),
  );

  const one = (tag: string, name: string, summary: string, params: Schema, row: Schema) => ({
    config,
    schema: {
      tags: [tag],
      summary,
      operationId: `get-${name}`,
      params,
      querystring: bySource,
      response: {
        200: { description: summary, content: { 'application/json': { schema: row } } },
        ...unchanged,
        ...problemAnswers([...usualProblems, 'not-found', 'ambiguous']),
      },
    },
  });
  const session = rowSchema(sessions.columns);
  api.get(
    '/sessions/:id',
    one(
      'History',
      'session',
      'A session with its parent, children and tasks',
      parameter('id', 'uuid', anId),
      rowSchema(sessions.columns, {
        parent: { anyOf: [session, { type: 'null' }] },
        children: { type: 'array', items: session },
        tasks: { type: 'array', items: rowSchema(taskColumns) },
      }),
    ),
    answerSession(options, shares),
  );
  api.get(
    '/jobs/:id',
    one('History', 'job', 'A job', parameter('id', 'uuid', anId), rowSchema(jobs.columns)),
    answerRow(jobs, options, shares, 'id', 'job_id'),
  );
  api.get(
    '/computers/:name',
    one(
      'History',
      'computer',
      'A computer',
      parameter('name', undefined, 'SQL-BER-30007'),
      rowSchema(computers.columns),
    ),
    answerRow(computers, options, shares, 'name', 'computer'),
  );
  api.get(
    '/sync-runs/:runId',
    one(
      'Sync',
      'sync-run',
      'A run of the sync',
      parameter('runId', 'uuid', anId),
      rowSchema(syncRuns.columns),
    ),
    answerRow(syncRuns, options, shares, 'runId', 'run_id'),
  );

  api.get(
    '/access',
    {
      config,
      schema: {
        tags: ['Sync'],
        summary: 'What the key may do',
        operationId: 'get-access',
        response: {
          200: {
            description: 'The request may read.',
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  additionalProperties: false,
                  required: ['scope', 'isKeyNeeded', 'sources', 'customers'],
                  properties: {
                    scope: { type: 'string', enum: ['read', 'operate'] },
                    isKeyNeeded: { type: 'boolean', description: 'False while no key was ever made.' },
                    sources: {
                      type: 'array',
                      items: { type: 'string' },
                      description: 'The only ones that the key is answered about; none: all.',
                    },
                    customers: { type: 'array', items: { type: 'string' }, description: 'Likewise.' },
                  },
                },
              },
            },
          },
          ...problemAnswers(usualProblems.filter((kind) => kind !== 'invalid-parameter')),
        },
      },
    },
    (request, reply) =>
      reply.header('cache-control', 'no-store').send({
        scope: request.access?.key?.scope ?? 'operate',
        isKeyNeeded: request.access?.hasKeys === true,
        sources: request.access?.limits.sources ?? [],
        customers: request.access?.limits.customers ?? [],
      }),
  );

  api.post(
    '/sources/:name/sync',
    {
      config,
      preHandler: (request, _reply, done) => {
        requireScope(request, 'operate');
        done();
      },
      schema: {
        tags: ['Sync'],
        summary: 'Sync now',
        operationId: 'sync-source',
        description:
          'Puts a sync of the source into the queue, before its time; one that waits or runs already is that sync. Needs scope operate. ' +
          '`runs`, also in the header Location, is where the run shows up when a worker has taken it.',
        params: parameter('name', undefined, 'headquarters'),
        response: {
          202: {
            description: 'It is in the queue.',
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  additionalProperties: false,
                  required: ['source', 'requestedAt', 'runs'],
                  properties: {
                    source: { type: 'string' },
                    requestedAt: { type: 'string', format: 'date-time' },
                    runs: { type: 'string', format: 'uri-reference' },
                  },
                },
              },
            },
          },
          ...problemAnswers([
            ...usualProblems,
            'forbidden',
            'not-found',
            'not-scheduled',
            'credentials-refused',
            'too-large',
          ]),
        },
      },
    },
    answerSync(options, shares.turns),
  );
  refuseOthers();
  // Addresses that are not there are answered after the key was looked at: strangers learn nothing of what is.
  api.setNotFoundHandler((request) => {
    throw new Problem('not-found', `Nothing is at ${request.url}.`);
  });
}
