import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { KnownKeys } from './known-keys.ts';
import { networkOf } from './network-of.ts';
import { Problem } from './problems.ts';

/** Refused requests a minute and address: more than a person mistypes, few enough to cost nothing. */
const mostRefusals = 600;

/** Bounds what those without a good key can make the database look up. */
export type Strangers = {
  /** Throws Problem `too-many-requests` when the address was refused too often; those with a key that was good just now pass. */
  check(request: FastifyRequest, hash: string | undefined): Promise<void>;
  count(request: FastifyRequest): Promise<void>;
};

/** Needs the rate limiter registered. */
export function watchStrangers(api: FastifyInstance, known: KnownKeys): Strangers {
  const limit = api.createRateLimit({
    max: mostRefusals - 1,
    timeWindow: '1 minute',
    keyGenerator: ({ ip }) => networkOf(ip),
  });
  return {
    // Others may share the address with whoever is refused: behind a proxy all have one.
    check: async (request, hash) => {
      if (known.has(hash)) return;
      const state = await limit(request, { increment: false });
      if (!state.isAllowed && state.isExceeded)
        throw new Problem(
          'too-many-requests',
          `${mostRefusals} requests from this address were refused this minute.`,
          { retryAfter: Math.max(1, state.ttlInSeconds) },
        );
    },
    count: async (request) => {
      await limit(request);
    },
  };
}
