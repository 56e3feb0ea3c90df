import { createRequire } from 'node:module';
import { parsePlainXml } from './parse-plain-xml.ts';
import type { XmlNode } from './xml-node.ts';

/** The text is not well-formed XML. */
export class MalformedXml extends Error {}

type General = { readonly validate: (text: string) => void; readonly parse: (text: string) => unknown };
let general: General | undefined;

/** Loaded when it is needed, which most lists never do; not awaited, because records are read one after the other. */
function loadGeneral(): General {
  const require = createRequire(import.meta.url);
  const { XMLParser } = require('fast-xml-parser') as typeof import('fast-xml-parser');
  const { SyntaxValidator } = require('fast-xml-validator') as typeof import('fast-xml-validator');
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    removeNSPrefix: true,
    // Every value stays the text it is: ids, versions and sizes must not become numbers.
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    ignorePiTags: true,
    ignoreDeclaration: true,
    maxNestedTags: 50,
    // The parser knows no numeric references without the whole of HTML's entities, and counts them against a limit made
    // for documents with declarations. There are none here (DOCTYPE is refused), so references are decoded below.
    processEntities: false,
  });
  return {
    // The parser itself forgives too much: it would read half a tag as something.
    validate: (text) =>
      SyntaxValidator.validate(text, { invalidCharSequence: { attrLt: true, tagValue: true } }),
    parse: (text): unknown => parser.parse(text),
  };
}

const plainDeclaration = /^\ufeff?<\?xml version="1\.0" encoding="utf-8"\s*\?>/i;
const hidden = /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>/g;

/** Reads one element, checked for well-formedness. Throws MalformedXml. */
export function parseXml(bytes: Uint8Array): XmlNode {
  let text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  // No character of XML, and PostgreSQL could not store it.
  if (text.includes('\0')) throw new MalformedXml('it holds a NUL character');
  if (text.includes('<!')) {
    // Comments go, and CDATA becomes ordinary text, so that one rule decodes all text.
    text = text.replace(hidden, (_, cdata: string | undefined) => (cdata === undefined ? '' : escape(cdata)));
  }
  if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n');
  return parsePlainXml(text.replace(plainDeclaration, '')) ?? parseAnyXml(text);
}

/** The general parser, for whatever the plain one leaves to it. Throws MalformedXml. */
export function parseAnyXml(text: string): XmlNode {
  try {
    general ??= loadGeneral();
    general.validate(text);
    return general.parse(text) as XmlNode;
  } catch (error) {
    throw new MalformedXml((error as Error).message, { cause: error });
  }
}

const escape = (text: string) => text.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Text with its character references replaced. Throws MalformedXml for a reference that stands for nothing. */
export function decodeText(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(#x[\da-f]+|#\d+|[^;&\s]*);?/gi, (reference, name: string) => {
    const known = reference.endsWith(';') ? (named[name] ?? decodeNumber(name)) : undefined;
    if (known === undefined) throw new MalformedXml(`"${reference.slice(0, 30)}" stands for no character`);
    return known;
  });
}

function decodeNumber(name: string): string | undefined {
  const digits = /^#(?:x([\da-f]+)|(\d+))$/i.exec(name);
  if (digits === null) return undefined;
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  // NUL and lone surrogates are no characters, and PostgreSQL could not store them.
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  return String.fromCodePoint(code);
}
