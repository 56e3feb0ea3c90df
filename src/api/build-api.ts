import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
} from 'fastify';
import type { Health } from '../domain/health.ts';
import { hashOf, refuseForeignName, requireToken } from './access.ts';
import { answerProblem } from './answer-problem.ts';
import { unreadableAnswerer } from './answer-unreadable.ts';
import { Problem } from './problems.ts';
import { addQueryApi } from './query-api.ts';
import type { QueryOptions } from './query-options.ts';
import { shareAnswer } from './share-answer.ts';
import { readParameters } from './read-parameters.ts';
import { createKnownKeys } from './known-keys.ts';
import { addressOf, openServer, usualLimits, type ServerLimits } from './open-server.ts';

export type ApiOptions = {
  readonly log: FastifyBaseLogger;
  /** How the process stands; never throws, and answers in a few seconds whatever is down. */
  readonly readHealth: () => Promise<Health>;
  /** Without it, only health and metrics are shown. */
  readonly query?: QueryOptions;
  /** Without it everybody may see the metrics. */
  readonly metricsToken?: string | undefined;
  /** Whether names other than those of this machine may be asked for health and metrics; never throws. */
  readonly isKnownElsewhere: () => Promise<boolean>;
  readonly limits?: Partial<ServerLimits>;
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
  const known = createKnownKeys();
  // Strangers could make up keys, and with each a client.
  const clientOf = (request: IncomingMessage) => {
    const hash = hashOf(request.headers.authorization);
    return hash !== undefined && known.has(hash) ? hash : addressOf(request);
  };
  const api = Fastify({
    loggerInstance: options.log,
    // Probes come every few seconds and would drown the rest.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && requestIdForm.test(given) ? given : randomUUID();
    },
    serverFactory: (handle) => openServer(handle, { ...usualLimits, ...options.limits }, clientOf),
    bodyLimit: 65_536,
    routerOptions: { maxParamLength: 65_536, querystringParser: readParameters },
    forceCloseConnections: 'idle',
    // What cannot be read is refused before any hook.
    clientErrorHandler: unreadableAnswerer(),
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
  if (options.query !== undefined) await addQueryApi(api, options.query, known);

  // What a page in a browser on this machine could read by a name of its own.
  const onRequest = async (request: FastifyRequest) => {
    const { metricsToken } = options;
    if (metricsToken !== undefined && request.routeOptions.url === '/metrics')
      requireToken(request, metricsToken);
    else if (!(await options.isKnownElsewhere())) refuseForeignName(request);
  };
  const renderMetrics = shareAnswer(1_000, options.renderMetrics);
  const health = { schema: { hide: true, response: healthAnswers }, onRequest };
  api.get('/healthz', health, async (_request, reply) => {
    const state = await options.readHealth();
    return reply
      .code(state.isAlive ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(state);
  });
  api.get('/readyz', health, async (_request, reply) => {
    const state = await options.readHealth();
    return reply
      .code(state.isReady ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(state);
  });
  api.get('/metrics', { schema: { hide: true }, onRequest }, async (_request, reply) => {
    const { contentType, text } = await renderMetrics();
    return reply.header('content-type', contentType).send(text);
  });
  return api;
}
