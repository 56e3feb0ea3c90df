import type { KeyLimits } from '../query/sql/read-access.ts';

/** Keys that were good when they were last looked up, by their hash, and what they might see then. */
export type KnownKeys = {
  has(hash: string | undefined): boolean;
  limitsOf(hash: string): KeyLimits | undefined;
  know(hash: string, limits?: KeyLimits): void;
  forget(hash: string): void;
};

const mostKnown = 10_000;

export function createKnownKeys(): KnownKeys {
  const known = new Map<string, KeyLimits | undefined>();
  return {
    has: (hash) => hash !== undefined && known.has(hash),
    limitsOf: (hash) => known.get(hash),
    know: (hash, limits) => {
      if (known.size >= mostKnown) known.clear();
      known.set(hash, limits);
    },
    forget: (hash) => {
      known.delete(hash);
    },
  };
}
