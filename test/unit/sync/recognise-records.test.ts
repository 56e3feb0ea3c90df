import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitRecords } from '../../../src/sources/enterprise-manager/record-splitter.ts';
import type { Stretch } from '../../../src/domain/stretch.ts';
import { fingerprint } from '../../../src/sync/fingerprint.ts';
import { guidFromBytes, guidToBytes } from '../../../src/sync/guid.ts';
import { recogniseRecords } from '../../../src/sync/recognise-records.ts';
import { indexRecords } from '../../../src/sync/record-index.ts';

type Kept = { readonly records: readonly string[]; readonly stretches: readonly Stretch[] };
const nothing: Kept = { records: [], stretches: [] };

const guid = (text: string) => guidFromBytes(createHash('md5').update(text).digest());
const record = (content: string) => `<Ref>${content}</Ref>`;
const sizeOf = (body: Uint8Array) => {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(body.byteLength);
  return size;
};

const rowBytes = 65_536;
const isWhole = (document: string) => document.endsWith('</EntityReferences>');

/** Reads a list as a run does, and says what it showed, what of it was not known, and what is kept for the next. */
function read(document: string, sizes: readonly number[], kept: Kept, longestBytes?: number) {
  const index = indexRecords(
    Buffer.concat(kept.records.flatMap((text) => [fingerprint(Buffer.from(text)), guidToBytes(guid(text))])),
  );
  let passed = 0;
  const packed = kept.stretches.flatMap(({ head, body }) => [guidToBytes(head), sizeOf(body), body]);
  const recognise = recogniseRecords(
    index,
    Buffer.concat(packed),
    (records) => (passed += records),
    longestBytes,
  );
  const splitter = splitRecords(new Set(['Ref']), recognise);
  const unknown: string[] = [];
  const take = ({ records }: ReturnType<typeof splitter.push>) => {
    for (const { bytes } of records) {
      const text = Buffer.from(bytes).toString();
      if (index.see(fingerprint(bytes)) === undefined) {
        index.add(fingerprint(bytes), guid(text));
        unknown.push(text);
      } else passed += 1;
    }
  };
  const bytes = Buffer.from(document);
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    // A chunk's memory is the reader's until the next one comes.
    take(splitter.push(Buffer.from(bytes.subarray(at, at + size))));
    at += size;
  }
  take(splitter.flush());
  if (isWhole(document)) splitter.end();
  const { formed, gone } = recognise.changes();
  const goneNow = new Set(index.gone().fingerprints);
  const known = [...new Set([...kept.records, ...unknown])];
  const shown = known.filter((text) => !goneNow.has(guidFromBytes(fingerprint(Buffer.from(text)))));
  const stretches = new Map(kept.stretches.map((stretch) => [stretch.head, stretch]));
  for (const head of gone) stretches.delete(head);
  for (const stretch of formed) if (!stretches.has(stretch.head)) stretches.set(stretch.head, stretch);
  return {
    unknown,
    passed,
    shown,
    changes: formed.length + gone.length,
    kept: { records: shown, stretches: [...stretches.values()] },
  };
}

const contents = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 30 }), fc.constantFrom('', '\n', '\r\n  ', '<!-- -->')),
  {
    maxLength: 60,
  },
);
const list = (records: readonly (readonly [number, string])[]) =>
  `<EntityReferences>${records.map(([content, gap]) => record(`${content} ${'x'.repeat(content * 7)}`) + gap).join('')}</EntityReferences>`;
const recordsOf = (document: string) => document.match(/<Ref>.*?<\/Ref>/g) ?? [];
const chunks = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 });

describe('recogniseRecords', () => {
  it('takes a list it has seen as a few pieces, however it arrives, and keeps what it has', () => {
    const document = list(Array.from({ length: 500 }, (_, at) => [at, at % 7 === 0 ? '\n' : ''] as const));
    const first = read(document, [65_536], nothing, rowBytes);
    expect(first).toMatchObject({ passed: 0, unknown: { length: 500 } });
    expect(first.kept.stretches.length).toBeGreaterThan(5);
    for (const size of [1, 100, 65_536, 1_000_000]) {
      const again = read(document, [size], first.kept, rowBytes);
      expect(again).toMatchObject({ passed: 500, unknown: [], changes: 0 });
      expect(again.shown).toEqual(first.shown);
    }
  });

  it('does not lose its rows to a change, a record more or one less', () => {
    const records = Array.from({ length: 500 }, (_, at) => [at, ''] as const);
    const first = read(list(records), [65_536], nothing, rowBytes);
    const changed = list([
      ...records.slice(0, 100),
      [900, ''],
      ...records.slice(101, 300),
      ...records.slice(301),
    ]);
    const second = read(changed, [65_536], first.kept, rowBytes);
    expect(second).toMatchObject({ passed: 498, unknown: { length: 1 } });
    expect(second.changes).toBeLessThan(8);
    expect(read(changed, [65_536], second.kept, rowBytes)).toMatchObject({
      passed: 499,
      unknown: [],
      changes: 0,
    });
  });

  it('shows what reading record by record shows, whatever the lists and the chunks', () => {
    fc.assert(
      fc.property(contents, contents, fc.nat(60), chunks, (before, other, shared, sizes) => {
        const first = read(list(before), sizes, nothing, 300);
        const document = list([...before.slice(0, shared), ...other, ...before.slice(shared)]);
        const second = read(document, sizes, first.kept, 300);
        const plain = new Set(recordsOf(document));
        expect(new Set(second.shown)).toEqual(plain);
        expect(new Set(second.unknown)).toEqual(
          new Set([...plain].filter((text) => !first.shown.includes(text))),
        );
        expect(second.passed + second.unknown.length).toBe(recordsOf(document).length);
        expect(read(document, sizes, second.kept, 300)).toMatchObject({
          unknown: [],
          passed: recordsOf(document).length,
        });
      }),
    );
  });

  it('shows every record that was whole before the list broke off', () => {
    fc.assert(
      fc.property(contents, chunks, fc.double({ min: 0, max: 1, noNaN: true }), (records, sizes, share) => {
        const document = list(records);
        const { kept } = read(document, [65_536], nothing, 300);
        const broken = document.slice(0, Math.floor(document.length * share));
        const { shown, unknown } = read(broken, sizes, kept, 300);
        expect(unknown).toEqual([]);
        expect(new Set(shown)).toEqual(new Set(recordsOf(broken)));
      }),
    );
  });

  it('does not trust a row of which a record is no longer kept', () => {
    const document = list(Array.from({ length: 40 }, (_, at) => [at, ''] as const));
    const { kept } = read(document, [65_536], nothing);
    const holed = { ...kept, records: kept.records.filter((_, at) => at !== 20) };
    expect(read(document, [65_536], holed)).toMatchObject({ passed: 39, unknown: { length: 1 } });
  });
});
