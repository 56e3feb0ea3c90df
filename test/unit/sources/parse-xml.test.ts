import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeText,
  MalformedXml,
  parseAnyXml,
  parseXml,
} from '../../../src/sources/enterprise-manager/parse-xml.ts';
import { parsePlainXml } from '../../../src/sources/enterprise-manager/parse-plain-xml.ts';

const parse = (text: string) => parseXml(Buffer.from(text));

describe('parseXml', () => {
  it('reads text as it stands, comments away and CDATA as text', () => {
    expect(
      parse(
        '<v:A xmlns:v="x" Name=\'a "b"\'><!-- <B>no</B> --><v:B> x <![CDATA[<&>]]>&amp; </v:B><C/><D>1</D><D>2</D></v:A>',
      ),
    ).toEqual({
      A: { '@Name': 'a "b"', B: ' x &#60;&#38;&#62;&amp; ', C: '', D: ['1', '2'] },
    });
  });

  it.each([
    '<a><b></a>',
    '<a',
    '<a b=1/>',
    '<a b="1" b="2"/>',
    '<a x="<"/>',
    '<a></a><b></b>x',
    'text',
    '<a></b>',
    '</a>',
  ])('refuses %s', (text) => {
    expect(() => parse(text)).toThrow(MalformedXml);
  });
});

describe('parsePlainXml', () => {
  const name = fc.constantFrom('Name', 'UID', 'v:Links', 'Link', 'State', 'x.y', '_z');
  const text = fc.string({
    unit: fc.constantFrom('a', 'é', '💾', ' ', '\n', '&amp;', '"', "'", '>', '=', '/', ']'),
  });
  const value = fc
    .tuple(fc.constantFrom('"', "'"), fc.string({ unit: fc.constantFrom('a', 'ü', ' ', '&lt;', '=', '/') }))
    .map(([quote, inner]) => quote + inner + quote);
  const attributes = fc
    .uniqueArray(fc.constantFrom('Name', 'UID', 'Href', 'Type'), { maxLength: 3 })
    .chain((names) =>
      fc
        .tuple(...names.map((attribute) => value.map((quoted) => ` ${attribute} = ${quoted}`)))
        .map((all) => all.join('')),
    );
  const { element } = fc.letrec<{ element: string }>((tie) => ({
    element: fc
      .tuple(
        name,
        attributes,
        fc.oneof(
          { depthSize: 'small' },
          text,
          fc.array(tie('element'), { maxLength: 4 }).map((all) => all.join('\n  ')),
        ),
      )
      .map(([tag, list, content]) =>
        content === '' ? `<${tag}${list} />` : `<${tag}${list}>${content}</${tag} >`,
      ),
  }));

  it('agrees with the general parser wherever it gives an answer', () => {
    fc.assert(
      fc.property(element, (xml) => {
        const plain = parsePlainXml(xml);
        fc.pre(!xml.includes(']]>'));
        expect(plain).toEqual(withoutLayout(parseAnyXml(xml)));
      }),
      { numRuns: 500 },
    );
  });

  it('leaves anything broken to the general parser', () => {
    fc.assert(
      fc.property(
        element,
        fc.nat(),
        fc.constantFrom('', '<', '>', '"', '</a>', '<b>'),
        (xml, seed, insert) => {
          const at = seed % xml.length;
          const broken = xml.slice(0, at) + insert + xml.slice(at + 1);
          const plain = parsePlainXml(broken);
          if (plain !== undefined) expect(plain).toEqual(withoutLayout(parseAnyXml(broken)));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  /** White space between elements, which the general parser keeps and nobody reads. */
  function withoutLayout(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withoutLayout);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const hasChildren = entries.some(([key]) => !key.startsWith('@') && key !== '#text');
    return Object.fromEntries(
      entries
        .filter(
          ([key, child]) =>
            !(key === '#text' && hasChildren && typeof child === 'string' && child.trim() === ''),
        )
        .map(([key, child]) => [key, withoutLayout(child)]),
    );
  }
});

describe('decodeText', () => {
  it('decodes what XML knows', () =>
    expect(decodeText('&amp;lt; &#x1F4BE;&#128190; &quot;&apos;&gt;')).toBe('&lt; 💾💾 "\'>'));
  it.each(['&nbsp;', '&', '& x', '&#0;', '&#xD800;', '&#x110000;', '&amp'])('refuses %s', (text) =>
    expect(() => decodeText(text)).toThrow(MalformedXml),
  );
  it('takes any number of references', () =>
    expect(decodeText('&amp;'.repeat(100_000))).toHaveLength(100_000));
  it('gives every text back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const written = text.replace(
          /[&<>"'\u0080-\u{10ffff}]/gu,
          (char) => `&#x${char.codePointAt(0)?.toString(16) ?? ''};`,
        );
        expect(decodeText(written)).toBe(text);
      }),
    );
  });
});
