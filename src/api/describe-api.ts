import Fastify from 'fastify';
import { addQueryApi } from './query-api.ts';

/** The OpenAPI description of the query API, made without a database. */
export async function describeApi(version: string): Promise<unknown> {
  const api = Fastify();
  await addQueryApi(api, {
    version,
    dashboardFolder: '',
    pool: () => undefined,
    accessPool: () => undefined,
    noteKeyUse: () => undefined,
    labels: {
      change: () => Promise.resolve({ changed: 0, problems: [] }),
    },
    requestSync: () => Promise.resolve('unknown'),
    rateLimit: 1,
    corsOrigins: [],
  });
  await api.ready();
  const description: unknown = api.swagger();
  await api.close();
  return description;
}
