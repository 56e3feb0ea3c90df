/** Work under way, bounded in number; the first failure comes out of `start` or `drain`, whichever is awaited next. */
export type Window = {
  /** Resolves once the work has been given a place, not when it is done. */
  start(work: () => Promise<void>): Promise<void>;
  /** Resolves when nothing is under way. */
  drain(): Promise<void>;
  /** The same without a word about failures, for when one is on its way already. */
  settle(): Promise<void>;
};

export function openWindow(places: number): Window {
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;

  function check(): void {
    if (failure !== undefined) throw failure.error;
  }

  return {
    start: async (work) => {
      while (underWay.size >= places) await Promise.race(underWay);
      check();
      const running: Promise<void> = work()
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => underWay.delete(running));
      underWay.add(running);
    },
    drain: async () => {
      await Promise.all(underWay);
      check();
    },
    settle: async () => {
      await Promise.all(underWay);
    },
  };
}
