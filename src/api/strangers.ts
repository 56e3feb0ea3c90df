import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { KnownKeys } from './known-keys.ts';
import { networkOf } from './network-of.ts';
import { Problem } from './problems.ts';
import { shareAnswer } from './share-answer.ts';

/** Refused requests a minute and address: more than a person mistypes, few enough to cost nothing. */
const mostRefusals = 600;

/** Bounds what those without a good key can make the database look up. */
export type Strangers = {
  /** Throws Problem `too-many-requests` when the address was refused too often; those with a good key pass. */
  check(request: FastifyRequest, hash: string | undefined): Promise<void>;
  count(request: FastifyRequest): Promise<void>;
};

/** Needs the rate limiter registered. */
export function watchStrangers(
  api: FastifyInstance,
  known: KnownKeys,
  readGoodKeys: () => Promise<readonly string[]>,
): Strangers {
  // One question a second, however many come with keys that were not seen yet.
  const learnKeys = shareAnswer(1_000, async () => {
    for (const hash of await readGoodKeys()) known.know(hash);
  });
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
      if (state.isAllowed || !state.isExceeded) return;
      if (hash !== undefined) {
        await learnKeys();
        if (known.has(hash)) return;
      }
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
