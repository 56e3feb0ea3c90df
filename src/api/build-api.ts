import { randomUUID } from 'node:crypto';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Health } from '../domain/health.ts';

export type ApiOptions = {
  readonly log: FastifyBaseLogger;
  /** How the process stands; never throws, and answers in a few seconds whatever is down. */
  readonly readHealth: () => Promise<Health>;
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

/** The HTTP side of a process, not listening yet. */
export function buildApi(options: ApiOptions): FastifyInstance {
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
    forceCloseConnections: 'idle',
  });

  api.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  api.setErrorHandler(async (error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error({ err: error }, 'a request failed');
    const title =
      status >= 500 ? 'Something went wrong here. The log has it under the request id.' : error.message;
    await reply
      .code(status)
      .type('application/problem+json')
      .send({ type: 'about:blank', title, status, instance: request.id });
  });
  api.setNotFoundHandler(async (request, reply) => {
    await reply.code(404).type('application/problem+json').send({
      type: 'about:blank',
      title: 'There is nothing at this address.',
      status: 404,
      instance: request.id,
    });
  });

  api.get('/healthz', { schema: { response: healthAnswers } }, async (_request, reply) => {
    const health = await options.readHealth();
    return reply
      .code(health.isAlive ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(health);
  });
  api.get('/readyz', { schema: { response: healthAnswers } }, async (_request, reply) => {
    const health = await options.readHealth();
    return reply
      .code(health.isReady ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(health);
  });
  api.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await options.renderMetrics();
    return reply.header('content-type', contentType).send(text);
  });
  return api;
}
