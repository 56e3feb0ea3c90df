import { createHash, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../../src/sync/fingerprint.ts';
import { guidFromBytes, guidToBytes } from '../../../src/sync/guid.ts';
import { indexRecords } from '../../../src/sync/record-index.ts';

const print = (text: string) => fingerprint(Buffer.from(text));
const guid = (text: string) => guidFromBytes(createHash('md5').update(text).digest());
const pack = (records: readonly (readonly [content: string, session: string])[]) =>
  Buffer.concat(records.flatMap(([content, session]) => [print(content), guidToBytes(guid(session))]));

describe('indexRecords', () => {
  it('knows what was packed, and nothing else', () => {
    const index = indexRecords(
      pack([
        ['a1', 'a'],
        ['b1', 'b'],
      ]),
    );
    expect(index.see(print('a1'))).toBeDefined();
    expect(index.see(print('a2'))).toBeUndefined();
    expect(index.hasSeen(guid('a'))).toBe(true);
    expect(index.hasSeen(guid('b'))).toBe(false);
    expect(index.gone()).toEqual({ fingerprints: [guidFromBytes(print('b1'))], sessionIds: [guid('b')] });
  });

  it('tells a changed record from a duplicate', () => {
    const index = indexRecords(pack([['a1', 'a']]));
    expect(index.add(print('a2'), guid('a'))).toEqual({
      isDuplicate: false,
      superseded: [guidFromBytes(print('a1'))],
    });
    expect(index.add(print('a3'), guid('a'))).toEqual({
      isDuplicate: true,
      superseded: [guidFromBytes(print('a1'))],
    });
    expect(index.countSeen()).toBe(1);
    expect(index.gone()).toEqual({ fingerprints: [guidFromBytes(print('a1'))], sessionIds: [] });
  });

  it('does not let a session go whose record could not be read', () => {
    const index = indexRecords(pack([['a1', 'a']]));
    expect(index.seeSession(guid('a'))).toBe(true);
    expect(index.seeSession(guid('b'))).toBe(false);
    expect(index.gone()).toEqual({ fingerprints: [], sessionIds: [] });
  });

  it('keeps what it learned when the list starts over', () => {
    const index = indexRecords(new Uint8Array());
    index.add(print('a1'), guid('a'));
    index.startOver();
    expect(index.countSeen()).toBe(0);
    expect(index.see(print('a1'))).toBeDefined();
    expect(index.countSeen()).toBe(1);
  });

  it('agrees with plain sets for any course of events', () => {
    const record = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3 }));
    fc.assert(
      fc.property(
        fc.uniqueArray(record, { selector: String }),
        fc.array(record, { maxLength: 200 }),
        (before, shown) => {
          const name = ([session, version]: readonly [number, number]) =>
            [`${session}/${version}`, String(session)] as const;
          const index = indexRecords(pack(before.map(name)));
          const known = new Map<string, string>(before.map((one) => name(one)));
          const seen = new Set<string>();
          for (const [content, session] of shown.map(name)) {
            expect(index.see(print(content)) !== undefined).toBe(known.has(content));
            if (!known.has(content)) {
              const sessionSeen = [...seen].some((other) => known.get(other) === session);
              expect(index.add(print(content), guid(session)).isDuplicate).toBe(sessionSeen);
              known.set(content, session);
            }
            seen.add(content);
          }
          const seenSessions = new Set([...seen].map((content) => known.get(content) ?? ''));
          expect(index.countSeen()).toBe(seenSessions.size);
          const gone = index.gone();
          const unseen = [...known].filter(([content]) => !seen.has(content));
          expect(new Set(gone.fingerprints)).toEqual(
            new Set(unseen.map(([content]) => guidFromBytes(print(content)))),
          );
          expect(new Set(gone.sessionIds)).toEqual(
            new Set(
              unseen.filter(([, session]) => !seenSessions.has(session)).map(([, session]) => guid(session)),
            ),
          );
        },
      ),
    );
  });

  it('holds a hundred thousand records', () => {
    const ids = Array.from({ length: 100_000 }, () => randomUUID());
    const index = indexRecords(new Uint8Array());
    for (const id of ids) index.add(print(id), id);
    expect(ids.every((id) => index.see(print(id)) !== undefined)).toBe(true);
    expect(index.countSeen()).toBe(ids.length);
  });
});
