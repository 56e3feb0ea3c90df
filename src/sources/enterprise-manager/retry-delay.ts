/** How often and how patiently a request is repeated. */
export type RetryPolicy = {
  /** Tries in all, the first included. */
  readonly attempts: number;
  /** Upper bound of the first pause; it doubles with each try. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** The longest Retry-After that is waited for. */
  readonly maxRetryAfterMs: number;
};

export const defaultRetryPolicy: RetryPolicy = {
  attempts: 4,
  baseMs: 500,
  maxMs: 8_000,
  maxRetryAfterMs: 60_000,
};

/**
 * The pause before the next try, or undefined when there is none left. `attempt` is the one that failed, from 1. A random
 * share of the upper half of an exponential bound keeps many clients from coming back together; what the server asks for in
 * Retry-After is kept to, and a wish beyond the policy's patience ends the tries.
 */
export function retryDelay(
  policy: RetryPolicy,
  attempt: number,
  random: number,
  retryAfter: string | undefined,
  now: Date,
): number | undefined {
  if (attempt >= policy.attempts) return undefined;
  const asked = parseRetryAfter(retryAfter, now);
  if (asked !== undefined) return asked > policy.maxRetryAfterMs ? undefined : asked;
  const bound = Math.min(policy.maxMs, policy.baseMs * 2 ** (attempt - 1));
  return Math.round(bound / 2 + (random * bound) / 2);
}

/** Milliseconds to wait, from seconds or an HTTP date. */
function parseRetryAfter(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

/** Statuses that pass by themselves, often. A 500 is EM's own exception as often as not, but costs little to ask again. */
export function isWorthRepeating(status: number): boolean {
  return status === 500 || (status >= 502 && status <= 504) || status === 429 || status === 408;
}
