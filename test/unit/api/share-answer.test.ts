import { describe, expect, it } from 'vitest';
import { shareAnswer } from '../../../src/api/share-answer.ts';

describe('an answer that is shared', () => {
  it('is asked for once by all who ask meanwhile', async () => {
    let asked = 0;
    const ask = shareAnswer(60_000, () => Promise.resolve((asked += 1)));
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
    expect(await ask()).toBe(1);
  });

  it('is not shared with who asks under another state', async () => {
    let phase = 'starting';
    const ask = shareAnswer(
      60_000,
      () => Promise.resolve(`read while ${phase}`),
      () => phase,
    );
    expect(await ask()).toBe('read while starting');
    phase = 'running';
    expect(await ask()).toBe('read while running');
    expect(await ask()).toBe('read while running');
  });

  it('is asked for again after a failure', async () => {
    let asked = 0;
    const ask = shareAnswer(0, () => {
      asked += 1;
      return asked === 1 ? Promise.reject(new Error('down')) : Promise.resolve(asked);
    });
    await expect(ask()).rejects.toThrow('down');
    await expect.poll(() => ask().catch(() => undefined)).toBe(2);
  });
});
