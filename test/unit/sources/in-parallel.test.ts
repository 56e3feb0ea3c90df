import fc from 'fast-check';
import { expect, it } from 'vitest';
import { inParallel } from '../../../src/sources/enterprise-manager/in-parallel.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const turns = async (count: number) => {
  for (let left = count; left > 0; left -= 1) await turn();
};

it('does the work of every input once, never more at once than it may, and as many as it may', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(3), { maxLength: 25 }),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      async (efforts, places, isAsync) => {
        let atOnce = 0;
        let most = 0;
        const work = async (index: number) => {
          atOnce += 1;
          most = Math.max(most, atOnce);
          await turns(1 + (efforts[index] ?? 0));
          atOnce -= 1;
          return index;
        };
        async function* later() {
          for (const index of efforts.keys()) {
            await Promise.resolve();
            yield index;
          }
        }
        const done: number[] = [];
        for await (const index of inParallel(isAsync ? later() : efforts.keys(), places, work))
          done.push(index);
        expect(done.sort((a, b) => a - b)).toEqual([...efforts.keys()]);
        expect(most).toBe(Math.min(places, efforts.length));
      },
    ),
  );
});

it('ends with the first failure, once what is under way has come to rest, and lets go of its inputs', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(10),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (bad, places, isLeft) => {
        let underWay = 0;
        let isClosed = false;
        async function* inputs() {
          try {
            for (let index = 0; ; index += 1) {
              await Promise.resolve();
              yield index;
            }
          } finally {
            isClosed = true;
          }
        }
        const work = async (index: number) => {
          underWay += 1;
          await turns(1 + (index % 3));
          underWay -= 1;
          if (index === bad) throw new Error(`input ${bad}`);
          return index;
        };
        const results: number[] = [];
        const all = (async () => {
          for await (const index of inParallel(inputs(), places, work)) {
            results.push(index);
            if (isLeft && results.length > bad) break;
          }
        })();
        if (isLeft) await all.catch(() => undefined);
        else await expect(all).rejects.toThrow(`input ${bad}`);
        expect([underWay, isClosed, results.includes(bad)]).toEqual([0, true, false]);
      },
    ),
  );
});

it('closes no inputs that came to their end', async () => {
  let closed = 0;
  const inputs: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: true, value: undefined }),
      return: () => {
        closed += 1;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  for await (const _ of inParallel(inputs, 2, (input) => Promise.resolve(input))) expect(_).toBeUndefined();
  expect(closed).toBe(0);
});
