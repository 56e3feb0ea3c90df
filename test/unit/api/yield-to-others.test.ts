import { expect, it } from 'vitest';
import { startYielding } from '../../../src/api/yield-to-others.ts';

it('hands on every batch in its order, and ends what it reads from when its reader leaves', async () => {
  let isEnded = false;
  async function* batches() {
    try {
      for (let number = 0; number < 20; number += 1) yield await Promise.resolve(number);
    } finally {
      isEnded = true;
    }
  }
  const seen: number[] = [];
  for await (const batch of startYielding()(batches())) seen.push(batch);
  expect([seen, isEnded]).toEqual([Array.from({ length: 20 }, (_, number) => number), true]);
  isEnded = false;
  for await (const batch of startYielding()(batches())) if (batch === 3) break;
  expect(isEnded).toBe(true);
});
