import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { shareLookUp } from '../../../src/api/share-look-up.ts';

it('answers a hundred at once with two looks, the second of which began after they asked', async () => {
  let looks = 0;
  const lookUp = shareLookUp(async (name) => {
    const mine = (looks += 1);
    await setImmediate();
    return `${name} ${mine}`;
  });
  const answers = await Promise.all(Array.from({ length: 100 }, () => lookUp('a')));
  expect([looks, answers[0], new Set(answers.slice(1))]).toEqual([2, 'a 1', new Set(['a 2'])]);
  expect(await Promise.all([lookUp('a'), lookUp('b')])).toEqual(['a 3', 'b 4']);
});

it('asks again after a failure, which only those hear of who shared it', async () => {
  let looks = 0;
  const lookUp = shareLookUp(async () => {
    looks += 1;
    const mine = looks;
    await setImmediate();
    if (mine === 1) throw new Error('no answer');
    return mine;
  });
  const [first, ...others] = await Promise.allSettled([lookUp('a'), lookUp('a'), lookUp('a')]);
  expect(first.status).toBe('rejected');
  expect(others).toEqual([
    { status: 'fulfilled', value: 2 },
    { status: 'fulfilled', value: 2 },
  ]);
});
