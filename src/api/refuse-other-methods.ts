import type { FastifyInstance } from 'fastify';
import { Problem } from './problems.ts';

/** Lets every address that is registered between this call and that of what it returns say which methods it has. */
export function refuseOtherMethods(api: FastifyInstance): () => void {
  const methodsOf = new Map<string, Set<string>>();
  let isComplete = false;
  api.addHook('onRoute', ({ routePath, method }) => {
    if (isComplete) return;
    methodsOf.set(routePath, new Set([...(methodsOf.get(routePath) ?? []), ...[method].flat()]));
  });
  return () => {
    isComplete = true;
    for (const [url, methods] of methodsOf) {
      const allowed = [...methods].sort().join(', ');
      api.route({
        method: api.supportedMethods.filter((method) => !methods.has(method)),
        url,
        exposeHeadRoute: false,
        schema: { hide: true },
        // After the key was looked at, and before a body is.
        onRequest: (request, reply) => {
          reply.header('allow', allowed);
          throw new Problem('method-not-allowed', `There is no ${request.method} here, but ${allowed}.`);
        },
        handler: (_request, reply) => reply,
      });
    }
  };
}
