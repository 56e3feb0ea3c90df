import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitRecords } from '../../../src/sources/enterprise-manager/record-splitter.ts';

const names = new Set(['BackupJobSession', 'Ref', 'PagingInfo']);

/** Splits a document fed in chunks of the given sizes, over and over. */
function split(document: Buffer, sizes: readonly number[]): { records: string[]; error: string | undefined } {
  const splitter = splitRecords(names);
  const records: string[] = [];
  let at = 0;
  for (let turn = 0; at < document.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    const answer = splitter.push(document.subarray(at, at + size));
    records.push(...answer.records.map((record) => Buffer.from(record.bytes).toString()));
    if (answer.broken !== undefined) return { records, error: answer.broken.message };
    at += size;
  }
  try {
    splitter.end();
    return { records, error: undefined };
  } catch (error) {
    return { records, error: (error as Error).message };
  }
}

const whole = (text: string) => split(Buffer.from(text), [1 << 20]);

describe('splitRecords', () => {
  it.each([
    ['<BackupJobSessions></BackupJobSessions>', []],
    ['<BackupJobSessions/>', []],
    [
      '\ufeff<?xml version="1.0"?>\n<!-- x --><v:EntityReferences xmlns:v="u">\n <v:Ref a="1"/><v:Ref b=\'>\'>x</v:Ref >\n</v:EntityReferences> <!-- y -->\n',
      ['<v:Ref a="1"/>', "<v:Ref b='>'>x</v:Ref >"],
    ],
    [
      '<EntityReferences><Ref><!-- </Ref> <Ref> --><a/></Ref></EntityReferences>',
      ['<Ref><!-- </Ref> <Ref> --><a/></Ref>'],
    ],
    [
      '<EntityReferences><Ref><![CDATA[</Ref>]]></Ref><Ref/></EntityReferences>',
      ['<Ref><![CDATA[</Ref>]]></Ref>', '<Ref/>'],
    ],
    ['<EntityReferences><Refs2>text <b/></Refs2><Ref/><!-- <Ref/> --></EntityReferences>', ['<Ref/>']],
    [
      '<QueryResult><Entities><BackupJobSessions><BackupJobSession>1</BackupJobSession></BackupJobSessions></Entities><PagingInfo PagesCount="1"/></QueryResult>',
      ['<BackupJobSession>1</BackupJobSession>', '<PagingInfo PagesCount="1"/>'],
    ],
  ])('cuts %s', (document, records) => {
    expect(whole(document)).toEqual({ records, error: undefined });
  });

  it.each<[string, RegExp, number]>([
    ['', /is empty/, 0],
    ['   ', /before its first element/, 0],
    ['hello', /is not XML/, 0],
    ['<EntityReferences><Ref/><Ref>', /cut off/, 1],
    ['<EntityReferences><Ref/>', /cut off/, 1],
    ['<EntityReferences><Ref/> stray <Ref/></EntityReferences>', /text between its records/, 1],
    ['<EntityReferences><Ref/></Other>', /closes <Other>/, 1],
    ['<EntityReferences><Ref/></EntityReferences><more/>', /goes on after its end/, 1],
    ['<EntityReferences><Ref/><Ref>1<Ref>2</Ref></EntityReferences>', /not closed before the next/, 1],
    ['<!DOCTYPE x [<!ENTITY a "b">]><EntityReferences/>', /DOCTYPE/, 0],
    ['<!doctype html><html></html>', /HTML page/, 0],
    ['<EntityReferences><Ref/><!DOCTYPE x></EntityReferences>', /DOCTYPE/, 1],
    ['<EntityReferences><Ref/><<Ref/></EntityReferences>', /begins no tag/, 1],
  ])('stops at what is wrong in %j, and keeps what came before', (document, message, kept) => {
    const { records, error } = whole(document);
    expect(error).toMatch(message);
    expect(records).toHaveLength(kept);
  });

  it('refuses UTF-16', () => {
    expect(split(Buffer.from('\ufeff<a/>', 'utf16le'), [100]).error).toMatch(/not UTF-8/);
  });

  it('refuses a record without end before it fills the memory', () => {
    const start = Buffer.from('<EntityReferences><Ref>');
    expect(split(Buffer.concat([start, Buffer.alloc(5 * 1024 * 1024, 'x')]), [65_536]).error).toMatch(
      /more than \d+ bytes/,
    );
  });

  const text = fc.string({
    unit: fc.constantFrom('a', ' ', '\n', 'é', '💾', '&amp;', '/', '!', '?', '-', ']', '"', "'", '>'),
  });
  const filler = fc.oneof(
    fc.constantFrom('', ' ', '\n  ', '<?pi </Ref> ?>', '<!-- <Ref> -->', '<!---->'),
    text.filter((inner) => !inner.includes('--') && !inner.endsWith('-')).map((inner) => `<!--${inner}-->`),
  );
  const content = fc.array(
    fc.oneof(
      text,
      fc.constantFrom('<Reference/>', '<a x="/>"/>', '<Links><Link/></Links>', '<?x Ref?>'),
      text
        .filter((inner) => !inner.includes(']]') && !inner.endsWith(']'))
        .map((inner) => `<![CDATA[${inner}</Ref><Ref>]]>`),
      text
        .filter((inner) => !inner.includes('--') && !inner.endsWith('-'))
        .map((inner) => `<!--</Ref>${inner}-->`),
    ),
    { maxLength: 5 },
  );
  const record = fc
    .tuple(
      fc.constantFrom('Ref', 'v:Ref'),
      fc.constantFrom('', ' a="1>2"', " b = '/'", '\n'),
      content,
      fc.constantFrom('', ' ', '\n'),
    )
    .map(([tag, attributes, inner, space]) =>
      inner.length === 0
        ? `<${tag}${attributes}/>`
        : `<${tag}${attributes}>${inner.join('')}</${tag}${space}>`,
    );

  it('finds the same records whatever the chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(filler, record), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        (parts, sizes) => {
          const document = `<?xml version="1.0"?><EntityReferences xmlns:v="x">${parts.map(([between, one]) => between + one).join('')}</EntityReferences>`;
          expect(split(Buffer.from(document), sizes)).toEqual({
            records: parts.map(([, one]) => one),
            error: undefined,
          });
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('keeps every record before a cut, wherever the cut is', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), fc.nat(), (all, seed) => {
        const document = Buffer.from(`<EntityReferences xmlns:v="x">${all.join('')}</EntityReferences>`);
        const at = seed % document.length;
        const { records, error } = split(document.subarray(0, at), [7]);
        expect(error).toBeDefined();
        let end = Buffer.byteLength('<EntityReferences xmlns:v="x">');
        const complete = all.filter((one) => (end += Buffer.byteLength(one)) <= at);
        expect(records).toEqual(complete);
      }),
    );
  });
});
