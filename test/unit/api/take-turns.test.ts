import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTurns } from '../../../src/api/take-turns.ts';

const never = new AbortController().signal;
const limits = { connections: 12, atOnce: 4, burstMs: 10_000, waiting: 100, waitMs: 60_000 };

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

it('leaves connections to those who come next, and serves them in turn', async () => {
  const turns = createTurns(limits);
  const started: string[] = [];
  const ends = new Map<string, (() => void)[]>();
  const ask = (client: string) =>
    void turns.take(client, 1, never).then((end) => {
      started.push(client);
      ends.set(client, [...(ends.get(client) ?? []), end]);
    });
  const countOf = (client: string) => started.filter((one) => one === client).length;
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  for (const client of ['greedy', 'hungry', 'third']) for (let count = 0; count < 20; count += 1) ask(client);
  await settle();
  expect([countOf('greedy'), countOf('hungry'), countOf('third')]).toEqual([4, 4, 2]);
  for (const client of ['fourth', 'fifth', 'sixth']) ask(client);
  await settle();
  expect([countOf('fourth'), countOf('fifth'), countOf('sixth')]).toEqual([1, 1, 0]);
  // Twenty of `greedy` wait for longer; who has nothing under way comes first.
  ends.get('greedy')?.shift()?.();
  await settle();
  expect(started.at(-1)).toBe('sixth');
});

it('never has more under way than there are connections, and starts all in the end', async () => {
  const clients = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...clients), fc.constantFrom(1, 3), fc.nat(3)), { maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      async (questions, connections) => {
        const turns = createTurns({ ...limits, connections });
        let underWay = 0;
        await Promise.all(
          questions.map(async ([client, weight, pauses]) => {
            const end = await turns.take(client, weight, never);
            expect((underWay += 1)).toBeLessThanOrEqual(connections);
            for (let pause = 0; pause < pauses; pause += 1) await Promise.resolve();
            underWay -= 1;
            end();
          }),
        );
        expect(underWay).toBe(0);
        await Promise.all(
          clients.map((client) => turns.take(client, 4, AbortSignal.timeout(60_000)).then((end) => end())),
        );
      },
    ),
  );
});

it('gives one at a time to who has taken much time while others ask, until some has passed', async () => {
  let now = 0;
  const turns = createTurns(limits, () => now);
  const mostAtOnce = async () => {
    const gone = new AbortController();
    const ends: (() => void)[] = [];
    const asked = Array.from({ length: 6 }, () =>
      turns.take('dear', 1, gone.signal).then(
        (end) => ends.push(end),
        () => 0,
      ),
    );
    await new Promise((resolve) => setImmediate(resolve));
    const count = ends.length;
    gone.abort();
    await Promise.all(asked);
    for (const end of ends) end();
    return count;
  };
  const askOf = async (client: string) => (await turns.take(client, 3, never))();
  expect(await mostAtOnce()).toBe(4);
  const end = await turns.take('dear', 1, never);
  now += 30_000;
  end();
  // Whom would it keep waiting?
  expect(await mostAtOnce()).toBe(4);
  await askOf('other');
  expect(await mostAtOnce()).toBe(1);
  now += 4_000;
  expect(await mostAtOnce()).toBe(1);
  now += 2_000;
  expect(await mostAtOnce()).toBe(4);
  now += 54_000;
  await askOf('other');
  await askOf('third');
  expect(await mostAtOnce()).toBe(1);
  now += 30_000;
  await askOf('other');
  expect(await mostAtOnce()).toBe(4);
});
