import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  defaultRetryPolicy as policy,
  retryDelay,
} from '../../../src/sources/enterprise-manager/retry-delay.ts';

const now = new Date('2026-01-01T00:00:00Z');

it('keeps to what the server asks for, within its patience', () => {
  expect(retryDelay(policy, 1, 0.5, '7', now)).toBe(7_000);
  expect(retryDelay(policy, 1, 0.5, 'Thu, 01 Jan 2026 00:00:30 GMT', now)).toBe(30_000);
  expect(retryDelay(policy, 1, 0.5, 'Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
  expect(retryDelay(policy, 1, 0.5, '3600', now)).toBeUndefined();
});

it('waits a share of a bound that doubles, and gives up in the end', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 }),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      (attempt, random) => {
        const delay = retryDelay(policy, attempt, random, undefined, now);
        if (attempt >= policy.attempts) expect(delay).toBeUndefined();
        else expect(delay).toBeLessThanOrEqual(Math.min(policy.maxMs, policy.baseMs * 2 ** (attempt - 1)));
      },
    ),
  );
});
