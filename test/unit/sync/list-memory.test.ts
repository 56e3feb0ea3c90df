import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { unknownRecord } from '../../../src/db/upsert-sessions.ts';
import { rememberList } from '../../../src/sync/list-memory.ts';

const guid = (number: number, kind: number) =>
  `${String(kind).padStart(8, '0')}-89ab-cdef-0123-${String(number).padStart(12, '0')}`;
const session = (number: number) => guid(number, 1);
const record = (number: number) => guid(number, 2);

/** 32 bytes a session, as the database packs them. */
const pack = (entries: readonly (readonly [string, string])[]): Uint8Array => {
  const bytes = Buffer.from(entries.flat().join('').replaceAll('-', ''), 'hex');
  // As a part of a larger buffer, which is how they come from a socket.
  return Buffer.concat([Buffer.alloc(7), bytes, Buffer.alloc(5)]).subarray(7, 7 + bytes.length);
};

const number = fc.integer({ min: 0, max: 9 });
const steps = fc.array(
  fc.oneof(
    fc.record({ as: fc.constant('see' as const), number }),
    fc.record({ as: fc.constant('record' as const), number }),
    fc.record({ as: fc.constant('again' as const), number }),
  ),
  { maxLength: 30 },
);

it('counts what the list shows as plain sets would', () => {
  fc.assert(
    fc.property(fc.uniqueArray(number), fc.uniqueArray(number), steps, (before, unknown, walk) => {
      const recordOf = (one: number) => (unknown.includes(one) ? unknownRecord : record(one));
      const memory = rememberList(pack(before.map((one) => [session(one), recordOf(one)])));
      const isRecognised = (one: number) => before.includes(one) && !unknown.includes(one);
      const seen = new Set<string>();
      const stored = new Set<string>();
      for (const { as, number: one } of walk) {
        const id = session(one);
        if (as === 'again') {
          if (one > 0) continue;
          memory.startOver();
          seen.clear();
          stored.clear();
        } else if (as === 'see') {
          expect(memory.see(id)).toBe(!seen.has(id));
          seen.add(id);
        } else {
          expect(memory.isKnown(record(one))).toBe(isRecognised(one));
          if (isRecognised(one)) {
            seen.add(id);
            stored.add(id);
          }
        }
        expect([memory.hasSeen(id), memory.isStoredShown(id)]).toEqual([seen.has(id), stored.has(id)]);
        expect([memory.countSeen(), memory.countKnown()]).toEqual([seen.size, stored.size]);
      }
      expect(memory.countBefore()).toBe(before.length);
      expect([...memory.gone()]).toEqual(before.map(session).filter((id) => !seen.has(id)));
      for (const one of [0, 1, 2])
        expect(memory.recordOf(session(one))).toBe(before.includes(one) ? recordOf(one) : undefined);
      // What no session was stored from is never recognised.
      expect(memory.isKnown(unknownRecord)).toBe(false);
    }),
    { numRuns: 500 },
  );
});

it('tells records apart by all of their 128 bits', () => {
  const known = '01234567-89ab-cdef-0123-456789abcdef';
  const memory = rememberList(pack([[session(1), known]]));
  for (let digit = 0; digit < known.length; digit += 1) {
    if (known[digit] === '-') continue;
    const other = `${known.slice(0, digit)}${known[digit] === '0' ? '1' : '0'}${known.slice(digit + 1)}`;
    expect([other, memory.isKnown(other)]).toEqual([other, false]);
  }
  expect(memory.isKnown(known)).toBe(true);
});

/** What lives, in bytes: objects, and buffers outside of the heap. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

it('takes no more than a few words for a session of the last list', () => {
  const listed = randomBytes(32 * 50_000);
  const before = heapUsed();
  const memory = rememberList(listed);
  expect((heapUsed() - before) / 50_000).toBeLessThan(32);
  expect(memory.countBefore()).toBe(50_000);
});

it('keeps ids, and not the records they were cut from', () => {
  const memory = rememberList(new Uint8Array());
  const count = 20_000;
  const before = heapUsed();
  for (let number = 0; number < count; number += 1) {
    const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
    const record = Buffer.from(id + 'x'.repeat(2_000)).toString();
    memory.see(record.slice(0, 36));
  }
  expect(heapUsed() - before).toBeLessThan(count * 400);
  expect(memory.countSeen()).toBe(count);
});
