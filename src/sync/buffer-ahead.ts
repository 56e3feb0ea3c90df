/**
 * Reads ahead of whoever draws, up to `capacity` items: a list is read to its end, and its connection given back, while what
 * it named is still being asked for. An error of the source comes after everything that came before it.
 */
export async function* bufferAhead<T>(source: AsyncIterable<T>, capacity: number): AsyncGenerator<T> {
  const waiting: T[] = [];
  let end: { readonly error: unknown } | 'done' | undefined;
  let wakeReader: (() => void) | undefined;
  let wakeDrawer: (() => void) | undefined;
  let isLeft = false;

  const reading = (async () => {
    try {
      for await (const item of source) {
        waiting.push(item);
        wakeDrawer?.();
        while (waiting.length >= capacity && !isLeft) {
          await new Promise<void>((resolve) => (wakeReader = resolve));
        }
        if (isLeft) return;
      }
      end = 'done';
    } catch (error) {
      end = { error };
    }
    wakeDrawer?.();
  })();

  try {
    for (;;) {
      // Taking from the front of an array one by one would move all the rest each time.
      const taken = waiting.splice(0);
      wakeReader?.();
      yield* taken;
      if (waiting.length > 0) continue;
      if (end === 'done') return;
      if (end !== undefined) throw end.error;
      await new Promise<void>((resolve) => (wakeDrawer = resolve));
    }
  } finally {
    isLeft = true;
    wakeReader?.();
    await reading;
  }
}
