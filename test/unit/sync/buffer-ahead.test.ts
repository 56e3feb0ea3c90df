import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bufferAhead } from '../../../src/sync/buffer-ahead.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Whether reader and drawer pause before their next item. */
const paces = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });
const pause = async (pace: readonly boolean[], at: number) => {
  if (pace[at % pace.length] === true) await turn();
};

it('hands on everything in order, then the error, and never holds more than it may', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(30),
      fc.integer({ min: 1, max: 6 }),
      fc.boolean(),
      paces,
      paces,
      async (count, capacity, fails, readerPace, drawerPace) => {
        let read = 0;
        async function* source() {
          for (; read < count; read += 1) {
            await pause(readerPace, read);
            yield read;
          }
          if (fails) throw new Error('the end');
        }
        const drawn: number[] = [];
        const drawing = (async () => {
          for await (const item of bufferAhead(source(), capacity)) {
            drawn.push(item);
            await pause(drawerPace, item);
            // What waits, and what is being handed on.
            expect(read - drawn.length).toBeLessThanOrEqual(2 * capacity);
          }
        })();
        if (fails) await expect(drawing).rejects.toThrow('the end');
        else await drawing;
        expect(drawn).toEqual(Array.from({ length: count }, (_, index) => index));
      },
    ),
  );
});

/** Numbers without end, and how many were drawn of them. */
function countUp() {
  const state = { read: 0, isClosed: false };
  async function* numbers() {
    try {
      for (;;) {
        await turn();
        state.read += 1;
        yield state.read;
      }
    } finally {
      state.isClosed = true;
    }
  }
  return { state, numbers: numbers() };
}

it('reads on while nobody draws, up to its capacity', async () => {
  const { state, numbers } = countUp();
  const ahead = bufferAhead(numbers, 5);
  expect((await ahead.next()).value).toBe(1);
  // Five wait, besides those that were taken with the first.
  await expect.poll(() => state.read).toBeGreaterThanOrEqual(6);
  for (let turns = 0; turns < 20; turns += 1) await turn();
  expect(state.read).toBeLessThanOrEqual(10);
  await ahead.return(undefined);
});

it('lets go of the source when it is left, at whatever moment', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(12), fc.integer({ min: 1, max: 4 }), paces, async (drawn, capacity, pace) => {
      const { state, numbers } = countUp();
      const ahead = bufferAhead(numbers, capacity);
      for (let at = 1; at <= drawn; at += 1) {
        expect((await ahead.next()).value).toBe(at);
        await pause(pace, at);
      }
      await ahead.return(undefined);
      expect(state.isClosed).toBe(drawn > 0);
    }),
  );
});
