import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { guidIn } from '../../../src/sources/enterprise-manager/entity.ts';

const id = '01234567-89ab-cdef-0123-456789abcdef';

it.each([
  [`urn:veeam:BackupJobSession:${id}`, id],
  [`https://em:9398/api/backupSessions/${id.toUpperCase()}?format=Entity`, id],
  [`urn:veeam:BackupJobSession:${id.slice(1)}`, null],
  ['', null],
])('of %s is %s', (text, expected) => {
  expect(guidIn(text)).toBe(expected);
});

it('keeps nothing of the text that an id was cut from', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const heapUsed = () => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const count = 20_000;
  const kept = new Set<string | null>();
  const before = heapUsed();
  for (let number = 0; number < count; number += 1) {
    const text = Buffer.from(`${'x'.repeat(2_000)}${id.slice(0, 24)}${String(number).padStart(12, '0')}`);
    kept.add(guidIn(text.toString()));
  }
  expect(heapUsed() - before).toBeLessThan(count * 400);
  expect(kept.size).toBe(count);
});
