import { randomUUID } from 'node:crypto';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Health } from '../domain/health.ts';
import { answerProblem } from './answer-problem.ts';
import { answerUnreadable } from './answer-unreadable.ts';
import { Problem } from './problems.ts';
import { addQueryApi } from './query-api.ts';
import type { QueryOptions } from './query-options.ts';
import { querystringParser } from './querystring-parser.ts';

export type ApiOptions = {
  readonly log: FastifyBaseLogger;
  /** How the process stands; never throws, and answers in a few seconds whatever is down. */
  readonly readHealth: () => Promise<Health>;
  /** Without it, only health and metrics are shown. */
  readonly query?: QueryOptions;
  readonly renderMetrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
};

const healthSchema = {
  type: 'object',
  required: ['status', 'database', 'queue', 'late', 'failing'],
  properties: {
    status: { type: 'string' },
    database: { type: 'string' },
    queue: { type: 'string' },
    late: { type: 'array', items: { type: 'string' } },
    failing: { type: 'array', items: { type: 'string' } },
  },
} as const;
const healthAnswers = { 200: healthSchema, 503: healthSchema };

const requestIdForm = /^[\w.:-]{1,100}$/;

/** The HTTP side of a process, not listening yet: health and metrics, and the query API where there is one. */
export async function buildApi(options: ApiOptions): Promise<FastifyInstance> {
  const api = Fastify({
    loggerInstance: options.log,
    // Probes come every few seconds and would drown the rest.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && requestIdForm.test(given) ? given : randomUUID();
    },
    requestTimeout: 30_000,
    bodyLimit: 65_536,
    routerOptions: { maxParamLength: 65_536, querystringParser },
    http: { maxHeaderSize: 65_536 },
    forceCloseConnections: 'idle',
    // What cannot be read is refused before any hook.
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, request, reply) => {
      void answerProblem(error, request, reply);
    },
  });
  // Questions are checked by the one grammar that the command line has as well; the schemas describe.
  api.setValidatorCompiler(() => () => true);
  // Nothing here reads a body, so none is too strange.
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => {
    done(null, undefined);
  });
  api.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  api.setErrorHandler(answerProblem);
  api.setNotFoundHandler((request) => {
    throw new Problem('not-found', `Nothing is at ${request.url}.`);
  });
  if (options.query !== undefined) await addQueryApi(api, options.query);

  api.get('/healthz', { schema: { hide: true, response: healthAnswers } }, async (_request, reply) => {
    const health = await options.readHealth();
    return reply
      .code(health.isAlive ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(health);
  });
  api.get('/readyz', { schema: { hide: true, response: healthAnswers } }, async (_request, reply) => {
    const health = await options.readHealth();
    return reply
      .code(health.isReady ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(health);
  });
  api.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    const { contentType, text } = await options.renderMetrics();
    return reply.header('content-type', contentType).send(text);
  });
  return api;
}
