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

it('lets as much wait as there is room for, in order, while whoever brings it goes on', async () => {
  const window = openWindow(1, 2);
  const begun: number[] = [];
  let finish: (() => void)[] = [];
  const work = (name: number) => () => {
    begun.push(name);
    return new Promise<void>((resolve) => finish.push(resolve));
  };
  for (const name of [1, 2, 3]) await window.start(work(name));
  let isTaken = false;
  const fourth = window.start(work(4)).then(() => {
    isTaken = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect([begun, isTaken]).toEqual([[1], false]);
  while (begun.length < 4) {
    const [first, ...rest] = finish;
    finish = rest;
    first?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await fourth;
  expect(begun).toEqual([1, 2, 3, 4]);
  finish.forEach((resolve) => resolve());
  await window.drain();
});

it('begins nothing that waits once something has failed', async () => {
  const window = openWindow(1, 5);
  let begun = 0;
  let fail: (error: Error) => void = () => undefined;
  await window.start(() => new Promise<void>((_, reject) => (fail = reject)));
  await window.start(() => Promise.resolve(void (begun += 1)));
  fail(new Error('first'));
  await window.settle();
  expect(begun).toBe(0);
  await expect(window.drain()).rejects.toThrow('first');
});
