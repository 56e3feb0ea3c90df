/**
 * Reads ahead of whoever draws, up to `capacity` items: a list is read to its end, and its connection given back, while what
 * it named is still being asked for. An error of the source comes after everything that came before it.
 */
export async function* bufferAhead<T>(source: AsyncIterable<T>, capacity: number): AsyncGenerator<T> {
  const state: {
    waiting: T[];
    end: { readonly error: unknown } | 'done' | undefined;
    isLeft: boolean;
    wakeReader: () => void;
    wakeDrawer: () => void;
  } = {
    waiting: [],
    end: undefined,
    isLeft: false,
    wakeReader: () => undefined,
    wakeDrawer: () => undefined,
  };

  async function read(): Promise<void> {
    try {
      for await (const item of source) {
        state.waiting.push(item);
        state.wakeDrawer();
        while (state.waiting.length >= capacity && !state.isLeft) {
          await new Promise<void>((resolve) => (state.wakeReader = resolve));
        }
        if (state.isLeft) return;
      }
      state.end = 'done';
    } catch (error) {
      state.end = { error };
    }
    state.wakeDrawer();
  }

  const reading = read();
  try {
    for (;;) {
      const taken = state.waiting;
      state.waiting = [];
      state.wakeReader();
      yield* taken;
      if (state.waiting.length > 0) continue;
      if (state.end === 'done') return;
      if (state.end !== undefined) throw state.end.error;
      await new Promise<void>((resolve) => (state.wakeDrawer = resolve));
    }
  } finally {
    state.isLeft = true;
    state.wakeReader();
    await reading;
  }
}
