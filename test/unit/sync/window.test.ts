import { expect, it } from 'vitest';
import { openWindow } from '../../../src/sync/window.ts';

it('never has more work under way than places', async () => {
  const window = openWindow(3);
  let underWay = 0;
  let most = 0;
  for (let index = 0; index < 20; index += 1) {
    await window.start(async () => {
      most = Math.max(most, (underWay += 1));
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
    });
  }
  await window.drain();
  expect(most).toBe(3);
  expect(underWay).toBe(0);
});

it('hands the first failure to whoever waits next, and only settles when asked to', async () => {
  const window = openWindow(1);
  await window.start(() => Promise.reject(new Error('first')));
  await expect(window.start(() => Promise.resolve())).rejects.toThrow('first');
  await expect(window.drain()).rejects.toThrow('first');
  await expect(window.settle()).resolves.toBeUndefined();
});
