import { maxAttributes, maxDepthInRecord, maxElements } from './bounds.ts';

/** An element as it stands in the text: names without prefix, values undecoded (see decode-text.ts). */
export type XmlElement = {
  readonly name: string;
  /** Names and values in turn. */
  readonly attributes: readonly string[];
  readonly children: readonly XmlElement[];
  readonly text: string;
};

/** The text is not well-formed XML. */
export class MalformedXml extends Error {
  constructor(message: string) {
    // Nobody reads where it was thrown, and a list may hold a hundred thousand broken records: the stack costs more than reading one.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

type Open = { name: string; attributes: string[]; children: XmlElement[]; text: string; qualified: string };

const none: never[] = [];
const wrongReference = /&(?!(?:\w+|#\d+|#x[\da-f]+);)/i;
const nothing = /^\s*$/;

/**
 * Reads one element, with or without a prolog. As strict as XML is about tags, and about a raw `&`, `<` or `]]>`; what a
 * reference stands for is left to who decodes it. Reads once from front to back. DOCTYPE is refused, so no entity is ever
 * declared. Names are plain data: nothing is looked up by them in an object. Throws MalformedXml.
 */
export function parseXml(source: string): XmlElement {
  const text = source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source;
  const hasReferences = text.includes('&');
  const hasClose = text.includes(']]>');
  const open: Open[] = [];
  let root: XmlElement | undefined;
  let current: Open | undefined;
  let elements = 0;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;

  function checkText(piece: string): string {
    if (hasReferences && wrongReference.test(piece))
      throw new MalformedXml('has a "&" that begins no reference');
    return piece;
  }

  function addText(from: number, to: number): void {
    const piece = text.slice(from, to);
    if (current === undefined) {
      if (!nothing.test(piece)) throw new MalformedXml('has text outside of its element');
      return;
    }
    if (hasClose && piece.includes(']]>')) throw new MalformedXml('has a "]]>" outside of CDATA');
    checkText(piece);
    current.text = current.text === '' ? piece : current.text + piece;
  }

  function section(opens: string, closes: string, what: string): number {
    const end = text.indexOf(closes, at + opens.length);
    if (end === -1) throw new MalformedXml(`has ${what} that is not closed`);
    return end;
  }

  function startTag(next: number): void {
    if (root !== undefined) throw new MalformedXml('has more than one element');
    if (open.length >= maxDepthInRecord)
      throw new MalformedXml(`is nested more than ${maxDepthInRecord} deep`);
    if ((elements += 1) > maxElements) throw new MalformedXml(`has more than ${maxElements} elements`);
    let end = nameEnd(text, at + 1);
    const qualified = text.slice(at + 1, end);
    if (!isName(qualified)) throw new MalformedXml('has a "<" that begins no tag');
    let attributes: string[] | undefined;
    for (;;) {
      const before = end;
      end = skipSpace(text, end);
      const char = text.charCodeAt(end);
      if (char === 0x3e || char === 0x2f) break;
      if (before === end || Number.isNaN(char))
        throw new MalformedXml(`has a tag <${qualified.slice(0, 50)}> that is broken`);
      const endOfName = nameEnd(text, end);
      const name = text.slice(end, endOfName);
      const equals = skipSpace(text, endOfName);
      const quoteAt = skipSpace(text, equals + 1);
      const quote = text[quoteAt];
      if (!isName(name) || text[equals] !== '=' || (quote !== '"' && quote !== "'"))
        throw new MalformedXml(`has a tag <${qualified.slice(0, 50)}> that is broken`);
      const close = text.indexOf(quote, quoteAt + 1);
      // Every "<" is markup: one inside the quotes is before their end.
      if (close === -1 || (next !== -1 && close > next))
        throw new MalformedXml(`has an attribute ${name} with a "<" or without an end`);
      end = close + 1;
      // Declarations of namespaces say nothing here: names are compared without their prefix.
      if (name.startsWith('xmlns')) continue;
      attributes ??= [];
      if (attributes.length >= 2 * maxAttributes)
        throw new MalformedXml(
          `has a tag <${qualified.slice(0, 50)}> of more than ${maxAttributes} attributes`,
        );
      const plain = localName(name);
      for (let index = 0; index < attributes.length; index += 2)
        if (attributes[index] === plain) throw new MalformedXml(`has two attributes ${plain}`);
      attributes.push(plain, checkText(text.slice(quoteAt + 1, close)));
    }
    const isEmpty = text.charCodeAt(end) === 0x2f;
    if (isEmpty && text.charCodeAt(end + 1) !== 0x3e)
      throw new MalformedXml(`has a tag <${qualified.slice(0, 50)}> that is broken`);
    at = end + (isEmpty ? 2 : 1);
    const name = localName(qualified);
    if (isEmpty) attach({ name, attributes: attributes ?? none, children: none, text: '' });
    else {
      current = { name, attributes: attributes ?? none, children: none, text: '', qualified };
      open.push(current);
    }
  }

  function attach(element: XmlElement): void {
    const parent = open.at(-1);
    if (parent === undefined) root = element;
    else if (parent.children === none) parent.children = [element];
    else parent.children.push(element);
  }

  function endTag(): void {
    const close = text.indexOf('>', at);
    const name = text.slice(at + 2, close);
    const closing = open.pop();
    if (
      close === -1 ||
      closing === undefined ||
      (closing.qualified !== name && closing.qualified !== name.trimEnd())
    )
      throw new MalformedXml(`has tags that do not match (</${name.slice(0, 50)}>)`);
    attach({
      name: closing.name,
      attributes: closing.attributes,
      children: closing.children,
      text: closing.text,
    });
    current = open.at(-1);
    at = close + 1;
  }

  for (;;) {
    const tag = text.indexOf('<', at);
    if (tag === -1) break;
    if (tag > at) addText(at, tag);
    at = tag;
    const next = text.charCodeAt(tag + 1);
    if (next === 0x2f) endTag();
    else if (next === 0x3f) at = section('<?', '?>', 'an instruction') + 2;
    else if (next !== 0x21) startTag(text.indexOf('<', tag + 1));
    else if (text.startsWith('<!--', tag)) {
      const end = section('<!--', '--', 'a comment');
      if (text[end + 2] !== '>') throw new MalformedXml('has a comment that is not closed');
      at = end + 3;
    } else if (current !== undefined && text.startsWith('<![CDATA[', tag)) {
      const end = section('<![CDATA[', ']]>', 'CDATA');
      // Escaped, so that one rule decodes all text.
      current.text += text.slice(tag + 9, end).replaceAll('&', '&amp;');
      at = end + 3;
    } else throw new MalformedXml('has a declaration, which Enterprise Manager never has');
  }
  addText(at, text.length);
  if (open.length > 0 || root === undefined) throw new MalformedXml('ends before its last closing tag');
  return root;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (; ; at += 1) {
    const char = text.charCodeAt(at);
    if (char !== 0x20 && char !== 0x0a && char !== 0x09) return at;
  }
}

/** The position after a name: the next white space, `=`, `/`, `>`, `<`, quote, or the end. */
function nameEnd(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char <= 0x20 || char === 0x3d || char === 0x2f || char === 0x3e || char === 0x3c) return at;
    if (char === 0x22 || char === 0x27) return at;
  }
  return at;
}

const firstOfName = /^[\p{L}_]/u;

function isName(name: string): boolean {
  const first = name.charCodeAt(0);
  if ((first >= 0x61 && first <= 0x7a) || (first >= 0x41 && first <= 0x5a)) return !name.includes('&');
  return firstOfName.test(name) && !name.includes('&');
}

function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon === -1 ? name : name.slice(colon + 1);
}
