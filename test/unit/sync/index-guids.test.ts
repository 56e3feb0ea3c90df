import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { indexGuids } from '../../../src/sync/index-guids.ts';

/** Few different GUIDs, alike in most of their words: so that many entries share one and many differ in little. */
const guid = fc
  .array(fc.constantFrom('00000000', '00000001', '80000000', 'ffffffff'), { minLength: 4, maxLength: 4 })
  .map((words) => words.join('').replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'));
const bytesOf = (text: string) => Buffer.from(text.replaceAll('-', ''), 'hex');

it('finds what a Map would find, the last of several', () => {
  fc.assert(
    fc.property(fc.array(guid, { maxLength: 40 }), guid, fc.array(guid), (entries, nobody, sought) => {
      // Among other bytes, and as a part of a larger buffer.
      const packed = Buffer.concat([
        randomBytes(3),
        ...entries.map((entry) => Buffer.concat([randomBytes(16), bytesOf(entry)])),
      ]).subarray(3);
      const find = indexGuids(packed, { stride: 32, offset: 16, nobody });
      const places = new Map(entries.map((entry, place) => [entry, place]));
      places.delete(nobody);
      for (const one of [...entries, ...sought, nobody]) expect(find(one)).toBe(places.get(one) ?? -1);
    }),
    { numRuns: 500 },
  );
});

it('finds the nil GUID, too, where that is nobody in particular', () => {
  const nil = '00000000-0000-0000-0000-000000000000';
  expect(indexGuids(Buffer.alloc(16), { stride: 16, offset: 0 })(nil)).toBe(0);
  expect(indexGuids(Buffer.alloc(0), { stride: 16, offset: 0 })(nil)).toBe(-1);
});
