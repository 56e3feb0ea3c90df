import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { openAccess } from './access.ts';
import { createKnownKeys } from './known-keys.ts';
import { readGoodKeys } from '../query/sql/read-access.ts';
import { problemKinds, Problem } from './problems.ts';
import { readyPool, type QueryOptions } from './query-options.ts';
import { jsonType } from './send-json.ts';
import { serveDashboard } from './serve-dashboard.ts';
import { queryRoutes } from './query-routes.ts';
import { watchStrangers } from './strangers.ts';

/** Nothing here asks a browser for any of it. */
const permissions = [
  'accelerometer',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'microphone',
  'midi',
  'payment',
  'publickey-credentials-get',
  'screen-wake-lock',
  'serial',
  'usb',
]
  .map((name) => `${name}=()`)
  .join(', ');

/** The query API with its description, as part of a server. */
export async function addQueryApi(
  api: FastifyInstance,
  options: QueryOptions,
  known = createKnownKeys(),
): Promise<void> {
  await api.register(helmet, {
    contentSecurityPolicy: {
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      useDefaults: false,
    },
    // Only a proxy that speaks TLS knows whether this holds for all of its host.
    strictTransportSecurity: false,
  });
  api.addHook('onSend', (_request, reply, _payload, done) => {
    reply.header('permissions-policy', permissions);
    done();
  });
  if (options.corsOrigins.length > 0) {
    await api.register(cors, {
      origin: [...options.corsOrigins],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
      exposedHeaders: ['etag', 'location', 'retry-after', 'x-next-cursor', 'x-request-id'],
    });
  }
  await api.register(rateLimit, {
    global: false,
    max: options.rateLimit,
    timeWindow: '1 minute',
    hook: 'preHandler',
    errorResponseBuilder: (_request, { ttl, max }) =>
      new Problem('too-many-requests', `The key has used up its ${max} requests of this minute.`, {
        retryAfter: Math.ceil(ttl / 1_000),
      }),
  });
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Session History for Veeam Agents',
        version: options.version,
        license: { name: 'MIT', identifier: 'MIT' },
        description:
          'Every Veeam Agent backup session that Enterprise Manager ever listed. Fields are the columns of the SQL schema `report` in camelCase; ' +
          'times are UTC with six digits after the second. Errors are RFC 9457 problems.',
      },
      servers: [{ url: '/', description: 'This server' }],
      tags: [
        { name: 'History', description: 'Sessions, and what they belong to.' },
        { name: 'Reports', description: 'Figures worked out of the sessions.' },
        { name: 'Labels', description: 'What people say of sources, servers, jobs and computers.' },
        { name: 'Sync', description: 'How Enterprise Managers are read.' },
      ],
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'Made by `session-history keys create`.' },
        },
      },
      security: [{ key: [] }, {}],
    },
  });
  const description = once(() => ({
    json: Buffer.from(JSON.stringify(api.swagger())),
    yaml: Buffer.from(api.swagger({ yaml: true })),
  }));
  await api.register(swaggerUi, {
    routePrefix: '/docs',
    // Everything comes from here, and over whatever this was asked over.
    staticCSP:
      "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src 'self' data:; object-src 'none'",
    // The layout without a bar: there is one description to look at, and it is this.
    uiConfig: { layout: 'BaseLayout', validatorUrl: null, tryItOutEnabled: true },
    theme: { title: 'Session History for Veeam Agents: API' },
    uiHooks: {
      // It would write both anew for each who asks.
      onRequest: (request, reply, done) => {
        const { json, yaml } = description();
        const { url } = request.routeOptions;
        if (url === '/docs/json') reply.type(jsonType).send(json);
        else if (url === '/docs/yaml') reply.type('application/yaml').send(yaml);
        else done();
      },
    },
  });

  await serveDashboard(api, options.dashboardFolder);
  api.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    reply.type(jsonType).send(description().json),
  );
  api.get('/problems/:kind', { schema: { hide: true } }, (request, reply) => {
    const { kind } = request.params as { readonly kind: string };
    if (!Object.hasOwn(problemKinds, kind)) throw new Problem('not-found', `There is no problem ${kind}.`);
    const { title, help } = problemKinds[kind as keyof typeof problemKinds];
    return reply.type('text/plain; charset=utf-8').send(`${title}\n\n${help}\n`);
  });
  const checkAccess = openAccess(
    options,
    watchStrangers(api, known, () => readGoodKeys(readyPool(options.accessPool))),
    known,
  );
  await api.register(
    (scope, _options, done) => {
      queryRoutes(scope, options, checkAccess);
      done();
    },
    { prefix: '/api/v1' },
  );
}

function once<T>(make: () => T): () => T {
  let made: { readonly it: T } | undefined;
  return () => (made ??= { it: make() }).it;
}
