import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTurns } from '../../../src/api/take-turns.ts';

const never = new AbortController().signal;
const limits = { atOnce: 4, waiting: 100, waitMs: 60_000 };

it('never lets a client do more at once than its share, and lets everybody come to their turn in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom(1, 3)), { maxLength: 40 }),
      async (questions) => {
        const turns = createTurns(limits);
        const underWay = { a: 0, b: 0 };
        const order: number[] = [];
        await Promise.all(
          questions.map(async ([client, weight], index) => {
            const end = await turns.take(client, weight, never);
            order.push(index);
            underWay[client] += weight;
            expect(underWay[client]).toBeLessThanOrEqual(limits.atOnce);
            await Promise.resolve();
            underWay[client] -= weight;
            end();
            end();
          }),
        );
        for (const client of ['a', 'b']) {
          const own = order.filter((index) => questions[index]?.[0] === client);
          expect(own).toEqual([...own].sort((one, other) => one - other));
        }
        expect(order).toHaveLength(questions.length);
      },
    ),
  );
});

it('forgets who left, and refuses more than may wait', async () => {
  const turns = createTurns({ ...limits, waiting: 1 });
  const end = await turns.take('a', 4, never);
  const gone = new AbortController();
  const waiting = turns.take('a', 1, gone.signal);
  await expect(turns.take('a', 1, never)).rejects.toMatchObject({ kind: 'too-many-requests' });
  await expect(turns.take('b', 1, never)).resolves.toBeTypeOf('function');
  gone.abort(new Error('left'));
  await expect(waiting).rejects.toThrow('left');
  const next = turns.take('a', 1, never);
  end();
  (await next)();
  await expect(turns.take('a', 4, never)).resolves.toBeTypeOf('function');
});

it('lets nobody wait for ever', async () => {
  const turns = createTurns({ ...limits, waitMs: 10 });
  await turns.take('a', 4, never);
  await expect(turns.take('a', 1, never)).rejects.toMatchObject({ kind: 'too-many-requests' });
});
