/**
 * Does work for each input, so many at a time, and yields what comes of it as it is done. Inputs are drawn as places get
 * free. The first failure ends it, once what is under way has come to rest.
 */
export async function* inParallel<In, Out>(
  inputs: Iterable<In> | AsyncIterable<In>,
  places: number,
  work: (input: In) => Promise<Out>,
): AsyncGenerator<Out> {
  const source = Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  type Done = { readonly of: Promise<Done>; readonly value?: Out; readonly error?: unknown };
  const underWay = new Set<Promise<Done>>();
  let isDrained = false;

  function begin(input: In): void {
    const of: Promise<Done> = work(input).then(
      (value) => ({ of, value }),
      (error: unknown) => ({ of, error }),
    );
    underWay.add(of);
  }

  try {
    for (;;) {
      while (!isDrained && underWay.size < places) {
        const next = await source.next();
        if (next.done === true) isDrained = true;
        else begin(next.value);
      }
      if (underWay.size === 0) return;
      const done = await Promise.race(underWay);
      underWay.delete(done.of);
      if ('error' in done) throw done.error;
      yield done.value as Out;
    }
  } finally {
    await Promise.all(underWay);
    if (!isDrained) await source.return?.();
  }
}
