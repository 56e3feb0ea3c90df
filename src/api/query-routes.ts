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
import type { Resource } from '../query/resource.ts';
import { questionsAtOnce } from '../query/sql/open-query-pool.ts';
import { requireScope, type openAccess } from './access.ts';
import { answerChanges } from './answer-changes.ts';
import { answerDeleteLabels, answerPutLabels } from './answer-labels.ts';
import { answerList, type Shares } from './answer-list.ts';
import { answerRow, answerSession } from './answer-one.ts';
import { answerSync } from './answer-sync.ts';
import type { QueryOptions } from './query-options.ts';
import { refuseOtherMethods } from './refuse-other-methods.ts';
import { createTurns } from './take-turns.ts';
import {
  accessSchema,
  changesSchema,
  computerSchema,
  deleteLabelsSchema,
  jobSchema,
  putLabelsSchema,
  sessionSchema,
  syncRunSchema,
  syncSchema,
  unchanged,
} from './route-schemas.ts';
import { listAnswer, listParameters, problemAnswers, usualProblems } from './schemas.ts';

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

  api.get('/changes', { config, schema: changesSchema }, answerChanges(options, shares));

  // Read as text: what is wrong with it is told as everything else is.
  api.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, parsed) => {
    parsed(null, body);
  });
  api.put('/labels', { config, schema: putLabelsSchema }, answerPutLabels(options, shares.turns));
  api.delete('/labels', { config, schema: deleteLabelsSchema }, answerDeleteLabels(options, shares.turns));

  api.get('/sessions/:id', { config, schema: sessionSchema }, answerSession(options, shares));
  api.get('/jobs/:id', { config, schema: jobSchema }, answerRow(jobs, options, shares, 'id', 'job_id'));
  api.get(
    '/computers/:name',
    { config, schema: computerSchema },
    answerRow(computers, options, shares, 'name', 'computer'),
  );
  api.get(
    '/sync-runs/:runId',
    { config, schema: syncRunSchema },
    answerRow(syncRuns, options, shares, 'runId', 'run_id'),
  );
  api.get('/access', { config, schema: accessSchema }, (request, reply) =>
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
      schema: syncSchema,
    },
    answerSync(options, shares.turns),
  );
  refuseOthers();
  // Addresses that are not there are answered after the key was looked at: strangers learn nothing of what is.
  api.setNotFoundHandler((request) => {
    throw new Problem('not-found', `Nothing is at ${request.url}.`);
  });
}
