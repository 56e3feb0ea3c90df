import { expect, it } from 'vitest';
import { limitRepeats } from '../../../src/log/limit-repeats.ts';

it('says the same thing once in a while, and how often it held it back', () => {
  let now = 0;
  const limited = limitRepeats(60_000, () => now);
  const said: string[] = [];
  const tell = (key: string) => {
    limited(key, (heldBack) => said.push(`${key} ${heldBack}`));
  };
  for (; now < 60_000; now += 100) tell('down');
  tell('other');
  tell('down');
  expect(said).toEqual(['down 0', 'other 0', 'down 599']);
});

it('does not grow with the number of different things', () => {
  const limited = limitRepeats(60_000, () => 0);
  let said = 0;
  for (let each = 0; each < 5_000; each += 1) limited(`key ${each}`, () => (said += 1));
  expect(said).toBe(5_000);
});
