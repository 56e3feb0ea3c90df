import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { splitElements } from '../../../src/sources/enterprise-manager/split-elements.ts';

const usual = new Map([
  ['BackupJobSessions', 'BackupJobSession'],
  ['EntityReferences', 'Ref'],
]);

/** Splits a document fed in chunks of the given sizes, over and over. Broken elements are marked with a "!". */
function split(document: Buffer, sizes: readonly number[]): { records: string[]; error: string | undefined } {
  const records: string[] = [];
  const splitter = splitElements({
    usual,
    containers: new Set(['Entities', 'BackupJobSessions']),
    take: ({ bytes, fault }) => records.push((fault === '' ? '' : '!') + bytes.toString()),
  });
  let at = 0;
  try {
    for (let turn = 0; at < document.length; turn += 1) {
      const size = sizes[turn % sizes.length] ?? 1;
      let hasMore = splitter.push(document.subarray(at, at + size));
      while (hasMore) hasMore = splitter.push(new Uint8Array());
      at += size;
    }
    while (splitter.end());
    return { records, error: undefined };
  } catch (error) {
    return { records, error: (error as Error).message };
  }
}

const whole = (text: string) => split(Buffer.from(text), [1 << 20]);
const list = (...records: string[]) => `<EntityReferences>${records.join('')}</EntityReferences>`;

describe('splitElements', () => {
  it.each([
    ['<BackupJobSessions></BackupJobSessions>', []],
    ['<BackupJobSessions/>', []],
    [
      '<?xml version="1.0"?>\n<!-- x --><v:EntityReferences xmlns:v="u">\n <v:Ref a="1"/><v:Ref b=\'>\'>x</v:Ref >\n</v:EntityReferences> <!-- y -->\n',
      ['<v:Ref a="1"/>', "<v:Ref b='>'>x</v:Ref >"],
    ],
    [list('<Ref><!-- </Ref> <Ref> --><a/></Ref>'), ['<Ref><!-- </Ref> <Ref> --><a/></Ref>']],
    [list('<Ref><![CDATA[</Ref>]]></Ref>', '<Ref/>'), ['<Ref><![CDATA[</Ref>]]></Ref>', '<Ref/>']],
    [list('<Other>text <b/></Other><Ref/><!-- <Ref/> -->'), ['<Other>text <b/></Other>', '<Ref/>']],
    [
      '<QueryResult><Entities><BackupJobSessions><BackupJobSession>1</BackupJobSession></BackupJobSessions></Entities><PagingInfo PagesCount="1"/></QueryResult>',
      ['<BackupJobSession>1</BackupJobSession>', '<PagingInfo PagesCount="1"/>'],
    ],
  ])('cuts %s', (document, records) => {
    expect(whole(document)).toEqual({ records, error: undefined });
  });

  it.each<[string, string[]]>([
    ['<Ref>a & b</Ref>', ['<Ref>a & b</Ref>']],
    ['<Ref>a < b</Ref>', ['<Ref>a < b</Ref>']],
    ['<Ref a="<b" c="d">x</Ref>', ['<Ref a="<b" c="d">x</Ref>']],
    ['<Ref><a></b></Ref>', ['<Ref><a></b></Ref>']],
    ['<Ref><a><b></a></Ref>', ['<Ref><a><b></a></Ref>']],
    ['<Ref>never closed', ['!<Ref>never closed']],
    ['<Ref><!-- never closed</Ref>', ['<Ref><!-- never closed</Ref>']],
    ['<Ref><![CDATA[ never closed</Ref>', ['<Ref><![CDATA[ never closed</Ref>']],
    ['stray text', ['!stray text']],
    ['</Nothing>', ['!</Nothing>']],
    ['<Odd>never closed', ['!<Odd>never closed']],
    ['< Ref/>', ['!< Ref/>']],
    ['<Re<f/>', ['<Re<f/>']],
  ])('loses nothing else to %j, wherever it stands', (bad, expected) => {
    const good = ['<Ref n="1">one</Ref>', '<Ref n="2"><x/></Ref>', '<Ref n="3">three</Ref>'];
    for (let at = 0; at <= good.length; at += 1) {
      const document = list(...good.slice(0, at), bad, ...good.slice(at));
      const { records, error } = whole(document);
      expect(error).toBeUndefined();
      const { length } = records.filter((record) => good.includes(record));
      expect(length).toBe(3);
      const others = records.filter((record) => !good.includes(record));
      // The very last may end with the list instead of with the next record.
      expect(others.map((record) => record.replace(/^!/, ''))).toEqual(
        expected.map((record) => record.replace(/^!/, '')),
      );
      expect(split(Buffer.from(document), [1, 3])).toEqual({ records, error });
    }
  });

  it.each<[string, RegExp, number]>([
    ['', /is empty/, 0],
    ['   ', /before its first element/, 0],
    ['hello', /is not XML/, 0],
    ['{"Refs":[]}', /is JSON/, 0],
    ['<EntityReferences><Ref/><Ref>', /cut off/, 1],
    ['<EntityReferences><Ref/>', /cut off/, 1],
    ['<EntityReferences><Ref/></EntityReferences><more/>', /goes on after its end/, 1],
    ['<!DOCTYPE x [<!ENTITY a "b">]><EntityReferences/>', /DOCTYPE/, 0],
    ['<!doctype html><html></html>', /HTML page/, 0],
    ['<EntityReferences><Ref/><!DOCTYPE x></EntityReferences>', /DOCTYPE/, 1],
  ])('stops at what is wrong in %j, and keeps what came before', (document, message, kept) => {
    const { records, error } = whole(document);
    expect(error).toMatch(message);
    expect(records).toHaveLength(kept);
  });

  it('passes over a record that is too large, and reads those behind it', () => {
    const large = `<Ref a="1">${'x'.repeat(3 * 1024 * 1024)}</Ref>`;
    const document = Buffer.from(list('<Ref/>', large, '<Ref b="2"/>'));
    for (const sizes of [[document.length], [65_536], [100_000, 7]]) {
      const { records, error } = split(document, sizes);
      expect(error).toBeUndefined();
      expect(records.map((record) => record.slice(0, 12))).toEqual([
        '<Ref/>',
        '!<Ref a="1">',
        '<Ref b="2"/>',
      ]);
      expect(records[1]?.length).toBe(262_145);
    }
  });

  it('refuses a megabyte of nothing', () => {
    const document = Buffer.from(list('<Ref/>', ' '.repeat(1_100_000), '<Ref/>'));
    expect(split(document, [65_536])).toEqual({
      records: ['<Ref/>'],
      error: expect.stringContaining('white space') as string,
    });
  });

  const text = fc.string({
    unit: fc.constantFrom('a', ' ', '\n', 'é', '💾', '&amp;', '/', '!', '?', '-', ']', '"', "'", '>'),
  });
  const comment = text
    .filter((inner) => !inner.includes('--') && !inner.endsWith('-') && !inner.startsWith('>'))
    .map((inner) => `<!--</Ref><Ref>${inner}-->`);
  const filler = fc.oneof(
    fc.constantFrom('', ' ', '\n  ', '<?pi </Ref> ?>', '<!-- <Ref> -->', '<!---->'),
    comment,
  );
  const content = fc.array(
    fc.oneof(
      text,
      fc.constantFrom('<Reference/>', '<a x="/>"/>', '<Links><Link/></Links>', '<?x Ref?>'),
      text
        .filter((inner) => !inner.includes(']]') && !inner.endsWith(']'))
        .map((inner) => `<![CDATA[${inner}</Ref><Ref>]]>`),
      comment,
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
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

  it('finds the same records whatever the chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(filler, record), { maxLength: 6 }), sizes, (parts, chunks) => {
        const document = `<?xml version="1.0"?><EntityReferences xmlns:v="x">${parts.map(([between, one]) => between + one).join('')}</EntityReferences>`;
        expect(split(Buffer.from(document), chunks)).toEqual({
          records: parts.map(([, one]) => one),
          error: undefined,
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it('does not depend on chunks, however broken the document', () => {
    const noise = fc.array(
      fc.constantFrom(
        '<',
        '>',
        '</',
        '/>',
        '<Ref',
        '<Ref>',
        '</Ref>',
        '<!--',
        '-->',
        '<![CDATA[',
        ']]>',
        '<?',
        '?>',
        '<Odd>',
        '"',
        ' ',
        'x',
        '<Links>',
        '</EntityReferences>',
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(noise, sizes, (parts, chunks) => {
        const document = Buffer.from(`<EntityReferences>${parts.join('')}</EntityReferences>`);
        const at = (error: string | undefined) => error?.replace(/\(at byte \d+\)/, '');
        const one = split(document, [document.length]);
        const many = split(document, chunks);
        expect({ ...many, error: at(many.error) }).toEqual({ ...one, error: at(one.error) });
      }),
      { numRuns: 3_000 },
    );
  });

  const bytesOf = Buffer.prototype as Buffer;
  const unclosed = (number: number) => `<Ref UID="${number}">`;
  it.each<[string, (number: number) => string]>([
    ['comments', () => '<Ref><!-- </Ref>'],
    ['sections', () => '<Ref><![CDATA[</Ref>'],
    ['comments between records', () => '<!--'],
    ['quotes', () => '<Ref a="'],
    ['records', unclosed],
    ['elements in elements', () => '<a>'],
    ['records and what is none', (number) => (number % 2 === 0 ? unclosed(number) : `<Odd${number}>`)],
    ['records, before tags that only look like their end', (number) => `${unclosed(number)}</Refx></Ref `],
    ['instructions', () => '<?'],
  ])('searches each byte a few times, whatever never ends: %s', (_what, bad) => {
    // More than what is waited for, in search of an end.
    let text = '<EntityReferences>';
    for (let number = 0; text.length < 1_300_000; number += 1) text += bad(number);
    const document = Buffer.from(text);
    let searched = 0;
    const native = bytesOf.indexOf;
    const spy = vi.spyOn(bytesOf, 'indexOf').mockImplementation(function (this: Buffer, ...given) {
      const found = native.apply(this, given);
      searched += (found === -1 ? this.length : found) - (Number(given[1]) || 0);
      if (searched > 100 * document.length) throw new Error('is searched again and again');
      return found;
    });
    let error: string | undefined;
    try {
      ({ error } = split(document, [65_536]));
    } finally {
      spy.mockRestore();
    }
    expect(error).not.toContain('again and again');
  });

  it('lets others have their turn between some hundred elements of a chunk', () => {
    const document = Buffer.from(`<EntityReferences>${'<Ref/>'.repeat(10_000)}</EntityReferences>`);
    let taken = 0;
    let most = 0;
    let turns = 0;
    const splitter = splitElements({ usual, take: () => (taken += 1) });
    for (let hasMore = true, chunk: Uint8Array = document; hasMore; chunk = new Uint8Array()) {
      const before = taken;
      hasMore = splitter.push(chunk);
      most = Math.max(most, taken - before);
      turns += 1;
    }
    expect([splitter.end(), taken, most < 300, turns > 30]).toEqual([false, 10_000, true, true]);
  });
});
