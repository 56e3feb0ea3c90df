import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { createLanes } from '../../../src/api/create-lanes.ts';

it('starts all, those of a lane in their order, and few at once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      async (names, atOnce) => {
        const lanes = createLanes(atOnce);
        const started: { readonly lane: string; readonly number: number; readonly look: number }[] = [];
        let look = 0;
        for (const [number, lane] of names.entries())
          lanes.enter(lane, false, () => started.push({ lane, number, look }));
        expect(started).toEqual([]);
        while (started.length < names.length) {
          look += 1;
          await setImmediate();
        }
        for (const lane of ['a', 'b', 'c'])
          expect(started.filter((one) => one.lane === lane).map(({ number }) => number)).toEqual(
            names.flatMap((name, number) => (name === lane ? [number] : [])),
          );
        for (let at = 1; at <= look; at += 1)
          expect(started.filter((one) => one.look === at).length).toBeLessThanOrEqual(atOnce);
      },
    ),
  );
});

it('lets nobody wait for what others have sent before', async () => {
  const lanes = createLanes(4);
  const started: string[] = [];
  for (let number = 0; number < 1_000; number += 1) lanes.enter('many', false, () => started.push('many'));
  await setImmediate();
  lanes.enter('one', false, () => started.push('one'));
  await setImmediate();
  await setImmediate();
  expect(started.indexOf('one')).toBeGreaterThan(0);
  expect(started.length).toBeLessThanOrEqual(12);
});

it('starts the few requests of a trusted lane at once, and no more of them', () => {
  const lanes = createLanes(4);
  const started: string[] = [];
  for (let number = 0; number < 100; number += 1)
    lanes.enter('address', false, () => started.push('address'));
  const ends = Array.from({ length: 6 }, () => lanes.enter('key', true, () => started.push('key')));
  expect(started).toEqual(Array(4).fill('key'));
  for (const end of ends) end();
});

it('lets the others rest while the process has no time to spare, as long as a trusted lane asks', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const startedAfter = async (looks: number, { isCrowded = true, isTrusted = true } = {}) => {
    const lanes = createLanes(4, () => isCrowded);
    let started = 0;
    lanes.enter('key', isTrusted, () => undefined)();
    await setImmediate();
    for (let number = 0; number < 12; number += 1) lanes.enter('address', false, () => (started += 1));
    for (let look = 0; look < looks; look += 1) await setImmediate();
    const early = started;
    vi.runOnlyPendingTimers();
    return [early, started];
  };
  expect(await startedAfter(5)).toEqual([0, 4]);
  expect(await startedAfter(5, { isTrusted: false })).toEqual([12, 12]);
  expect(await startedAfter(5, { isCrowded: false })).toEqual([12, 12]);
  vi.useRealTimers();
});

it('lets a trusted lane that has fallen behind catch up between the rests of others', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const lanes = createLanes(4, () => true);
  let started = 0;
  let ofStrangers = 0;
  for (let number = 0; number < 40; number += 1)
    lanes.enter(`address ${number}`, false, () => (ofStrangers += 1));
  for (let number = 0; number < 4; number += 1) lanes.enter('key', true, () => undefined);
  for (let number = 0; number < 8; number += 1) lanes.enter('key', true, () => (started += 1));
  await setImmediate();
  for (let look = 0; look < 2; look += 1) vi.runOnlyPendingTimers();
  expect(started).toBe(8);
  expect(ofStrangers).toBeGreaterThanOrEqual(8);
  vi.useRealTimers();
});

it('starts nothing for those who left before their turn, and lets nobody wait for them', async () => {
  const lanes = createLanes(4);
  let started = 0;
  const enter = () => lanes.enter('address', false, () => (started += 1));
  const ends = Array.from({ length: 100 }, enter);
  for (const end of ends) end();
  enter();
  await setImmediate();
  expect(started).toBe(1);
  await setImmediate();
  expect(started).toBe(1);
});
