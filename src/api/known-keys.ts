/** Keys that were good when they were last looked up, by their hash. */
export type KnownKeys = {
  has(hash: string | undefined): boolean;
  know(hash: string): void;
  forget(hash: string): void;
};

const mostKnown = 10_000;

export function createKnownKeys(): KnownKeys {
  const known = new Set<string>();
  return {
    has: (hash) => hash !== undefined && known.has(hash),
    know: (hash) => {
      if (known.size >= mostKnown) known.clear();
      known.add(hash);
    },
    forget: (hash) => {
      known.delete(hash);
    },
  };
}
