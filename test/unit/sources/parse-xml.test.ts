import { XMLParser } from 'fast-xml-parser';
import { SyntaxValidator } from 'fast-xml-validator';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from '../../../src/domain/printable.ts';
import { decodeText } from '../../../src/sources/enterprise-manager/decode-text.ts';
import {
  MalformedXml,
  parseXml,
  type XmlElement,
} from '../../../src/sources/enterprise-manager/parse-xml.ts';

describe('parseXml', () => {
  it('reads text as it stands, comments away and CDATA as text', () => {
    const element = parseXml(
      '<v:A xmlns:v="x" Name=\'a "b"\'><!-- <B>no</B> --><v:B> x <![CDATA[<&>]]>&amp; </v:B><C/></v:A>',
    );
    expect(element).toEqual({
      name: 'A',
      attributes: ['Name', 'a "b"'],
      text: '',
      children: [
        { name: 'B', attributes: [], children: [], text: ' x <&amp;>&amp; ' },
        { name: 'C', attributes: [], children: [], text: '' },
      ],
    });
  });

  it.each([
    '',
    '<a><b></a>',
    '<a',
    '<a b=1/>',
    '<a b="1" b="2"/>',
    '<a x="<"/>',
    '<a x="1/>',
    '<a></a><b></b>',
    '<a></a>x',
    'text',
    '<a></b>',
    '</a>',
    '<a>a & b</a>',
    '<a b="&"/>',
    '<a>&amp</a>',
    '<a>]]></a>',
    '<a><!-- x -- y --></a>',
    '<a><!--</a>',
    '<a><![CDATA[</a>',
    '<!DOCTYPE a><a/>',
    '<a>< b/></a>',
  ])('refuses %j', (text) => {
    expect(() => parseXml(text)).toThrow(MalformedXml);
  });

  it('refuses what is nested to do harm', () => {
    expect(() => parseXml(`${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`)).toThrow(/nested/);
  });

  it.each([
    [
      'attributes',
      (count: number) => `<a ${Array.from({ length: count }, (_, at) => `a${at}=""`).join(' ')}/>`,
      250,
    ],
    ['elements', (count: number) => `<a>${'<b/>'.repeat(count - 1)}</a>`, 10_000],
  ])('bounds %s', (what, write, most) => {
    expect(() => parseXml(write(most))).not.toThrow();
    expect(() => parseXml(write(most + 1))).toThrow(`more than ${most} ${what}`);
  });

  const name = fc.constantFrom('Name', 'UID', 'v:Links', 'Link', 'State', 'x.y', '_z');
  const text = fc.string({
    unit: fc.constantFrom('a', 'é', '💾', ' ', '\n', '&amp;', '"', "'", '>', '=', '/', ']'),
  });
  const value = fc
    .tuple(
      fc.constantFrom('"', "'"),
      fc.string({ unit: fc.constantFrom('a', 'ü', ' ', '&lt;', '=', '/', '>') }),
    )
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

  const library = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    removeNSPrefix: true,
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    processEntities: false,
  });

  /** The library's tree in our terms. */
  function asElement(node: Record<string, unknown>): XmlElement {
    const [key] = Object.keys(node).filter((one) => one !== ':@');
    const content = node[key ?? ''] as Record<string, unknown>[];
    const isText = (child: Record<string, unknown>) => '#text' in child;
    return {
      name: key ?? '',
      attributes: Object.entries((node[':@'] ?? {}) as Record<string, string>).flat(),
      children: content.filter((child) => !isText(child)).map(asElement),
      text: content
        .filter(isText)
        .map((child) => child['#text'] as string)
        .join(''),
    };
  }

  it('agrees with a well-kept library', () => {
    fc.assert(
      fc.property(element, (xml) => {
        fc.pre(!xml.includes(']]>'));
        const [node] = library.parse(xml) as Record<string, unknown>[];
        expect(parseXml(xml)).toEqual(asElement(node ?? {}));
      }),
      { numRuns: 500 },
    );
  });

  it('accepts nothing that the library finds broken', () => {
    fc.assert(
      fc.property(
        element,
        fc.nat(),
        fc.constantFrom('', '<', '>', '"', '</a>', '<b>'),
        (xml, seed, insert) => {
          const at = seed % xml.length;
          const broken = xml.slice(0, at) + insert + xml.slice(at + 1);
          let isAccepted = true;
          try {
            parseXml(broken);
          } catch {
            isAccepted = false;
          }
          if (isAccepted)
            SyntaxValidator.validate(broken, { invalidCharSequence: { attrLt: true, tagValue: true } });
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('decodeText', () => {
  it('decodes what XML knows', () =>
    expect(decodeText('&amp;lt; &#x1F4BE;&#128190; &quot;&apos;&gt;')).toBe('&lt; 💾💾 "\'>'));
  it.each(['&nbsp;', '&#0;', '&#x0;', '&#xD800;', '&#x110000;', '&constructor;', '&__proto__;', '\0'])(
    'replaces %j, and says so',
    (text) => {
      let told = false;
      expect(decodeText(text, () => (told = true))).toBe('\ufffd');
      expect(told).toBe(true);
    },
  );
  it('takes any number of references', () =>
    expect(decodeText('&amp;'.repeat(100_000))).toHaveLength(100_000));
  it('gives every text back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // Characters that XML has.
        // eslint-disable-next-line no-control-regex -- they are what is left out
        fc.pre(!/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text));
        const written = text.replace(
          /[&<>"'\u0080-\u{10ffff}]/gu,
          (char) => `&#x${char.codePointAt(0)?.toString(16) ?? ''};`,
        );
        expect(decodeText(written)).toBe(text);
      }),
    );
  });
});

it('prints nothing that moves a cursor', () => {
  expect(printable('vbr\u001b[2J\u009b1m\u202e01\r\n')).toBe('vbr [2J 1m 01 ');
});
