import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  defaultRetryPolicy as policy,
  isWorthRepeating,
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
        else {
          const bound = Math.min(policy.maxMs, policy.baseMs * 2 ** (attempt - 1));
          expect(delay).toBe(Math.round(bound * (0.5 + random / 2)));
        }
      },
    ),
  );
});

it('spreads pauses over the upper half of the bound', () => {
  const patient = { ...policy, attempts: 9 };
  const pauses = [1, 2, 3, 4, 5, 6].map((attempt) =>
    [0, 0.5, 1].map((random) => retryDelay(patient, attempt, random, undefined, now)),
  );
  expect(pauses).toEqual([
    [250, 375, 500],
    [500, 750, 1_000],
    [1_000, 1_500, 2_000],
    [2_000, 3_000, 4_000],
    [4_000, 6_000, 8_000],
    [4_000, 6_000, 8_000],
  ]);
});

it('reads Retry-After in both its forms, and passes over what is neither', () => {
  expect(retryDelay(policy, 1, 0, ' 60 ', now)).toBe(60_000);
  expect(retryDelay(policy, 1, 0, '61', now)).toBeUndefined();
  for (const text of ['soon', '', '7 s', 'x7'])
    expect([text, retryDelay(policy, 1, 0, text, now)]).toEqual([text, 250]);
  expect(retryDelay(policy, 3, 0, '1', now)).toBe(1_000);
  expect(retryDelay(policy, 4, 0, '1', now)).toBeUndefined();
});

it('repeats what passes by itself', () => {
  const statuses = Array.from({ length: 500 }, (_, index) => 100 + index);
  expect(statuses.filter(isWorthRepeating)).toEqual([408, 429, 500, 502, 503, 504]);
});
