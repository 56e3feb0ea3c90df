/** Work under way, bounded in number; the first failure comes out of `start` or `drain`, whichever is awaited next. */
export type Window = {
  /** Resolves once the work has a place, or room to wait for one; not when it is done. */
  start(work: () => Promise<void>): Promise<void>;
  /** Resolves when nothing is under way. */
  drain(): Promise<void>;
  /** The same without a word about failures, for when one is on its way already. After a failure nothing more is begun. */
  settle(): Promise<void>;
};

/** `room`: how much may wait for a place while whoever brings it goes on. */
export function openWindow(places: number, room = 0): Window {
  const underWay = new Set<Promise<void>>();
  /** First come, first served: from `next` on. */
  let waiting: (() => Promise<void>)[] = [];
  let next = 0;
  let failure: { readonly error: unknown } | undefined;

  function check(): void {
    if (failure !== undefined) throw failure.error;
  }

  function begin(work: () => Promise<void>): void {
    const running: Promise<void> = work()
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => {
        underWay.delete(running);
        fill();
      });
    underWay.add(running);
  }

  function fill(): void {
    if (failure !== undefined) next = waiting.length;
    for (let work = waiting[next]; work !== undefined && underWay.size < places; work = waiting[next]) {
      next += 1;
      begin(work);
    }
    // Taking from the front of an array would move all the rest each time.
    if (next > waiting.length / 2) {
      waiting = waiting.slice(next);
      next = 0;
    }
  }

  async function settle(): Promise<void> {
    while (underWay.size > 0) await Promise.race(underWay);
  }

  return {
    start: async (work) => {
      while (underWay.size >= places && waiting.length - next >= room) await Promise.race(underWay);
      check();
      if (underWay.size < places) begin(work);
      else waiting.push(work);
    },
    drain: async () => {
      await settle();
      check();
    },
    settle,
  };
}
