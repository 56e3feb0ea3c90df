import { maxDepthInRecord } from './bounds.ts';

export const lessThan = 0x3c;
export const greaterThan = 0x3e;

/** Finds text at or after a position; -1: not among the bytes that are here. */
export type Find = (mark: string, from: number) => number;

/** Where the tag that begins at `at` ends; `undefined` while it is not all here, 'broken' when another "<" comes first. */
export function endOfTag(bytes: Buffer, at: number): number | 'broken' | undefined {
  let quote = 0;
  for (let position = at + 1; position < bytes.length; position += 1) {
    const byte = bytes[position];
    if (byte === lessThan) return 'broken';
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === 0x22 || byte === 0x27) quote = byte;
    else if (byte === greaterThan) return position + 1;
  }
  return undefined;
}

/**
 * The end of the element that begins at `at`, each tag, comment and CDATA section looked at; 'broken' when it is not
 * well-formed or another element of its name begins in it; undefined while it is not all here.
 */
export function endOfElement(bytes: Buffer, at: number, find: Find): number | 'broken' | undefined {
  const own = qualifiedName(bytes, at + 1);
  const open: string[] = [];
  for (let position = at; ;) {
    const tag = bytes.indexOf(lessThan, position);
    if (tag === -1) return undefined;
    const section = endOfSection(bytes, tag, find);
    if (section === 'broken' || section === undefined) return section;
    if (section !== 'none') {
      position = section;
      continue;
    }
    const end = endOfTag(bytes, tag);
    if (end === 'broken' || end === undefined) return end;
    if (bytes[tag + 1] === 0x2f) {
      if (open.pop() !== qualifiedName(bytes, tag + 2)) return 'broken';
    } else {
      const name = qualifiedName(bytes, tag + 1);
      if ((name === own && tag !== at) || name === '' || open.length >= maxDepthInRecord) return 'broken';
      if (bytes[end - 2] !== 0x2f) open.push(name);
    }
    if (open.length === 0) return end;
    position = end;
  }
}

/** The end of the comment, CDATA section or instruction that begins at `at`, if it is one. */
export function endOfSection(bytes: Buffer, at: number, find: Find): number | 'none' | 'broken' | undefined {
  const next = bytes[at + 1];
  if (next === undefined) return undefined;
  if (next === 0x3f) return after(find('?>', at + 2), 2);
  if (next !== 0x21) return 'none';
  const begins = bytes.toString('latin1', at, at + 9);
  if (begins.startsWith('<!--')) {
    const dashes = find('--', at + 4);
    if (dashes === -1 || dashes + 2 >= bytes.length) return undefined;
    // Two dashes inside of a comment are not allowed: that one was never closed.
    return bytes[dashes + 2] === greaterThan ? dashes + 3 : 'broken';
  }
  if (begins === '<![CDATA[') return after(find(']]>', at + 9), 3);
  return '<![CDATA['.startsWith(begins) || '<!--'.startsWith(begins) ? undefined : 'broken';
}

const after = (found: number, length: number) => (found === -1 ? undefined : found + length);

/** The name that begins at `at`, prefix included; '' when none does. */
export function qualifiedName(bytes: Buffer, at: number): string {
  let end = at;
  for (; end < bytes.length && !endsName(bytes[end] ?? 0); end += 1);
  const first = bytes[at] ?? 0;
  const isName = (first | 0x20) >= 0x61 ? (first | 0x20) <= 0x7a || first >= 0x80 : first === 0x5f;
  return isName || first === 0x5f ? bytes.toString('utf8', at, end) : '';
}

/** Whether a name ends before this byte. */
export function endsName(byte: number): boolean {
  return byte <= 0x20 || byte === greaterThan || byte === 0x2f || byte === 0x3d || byte === lessThan;
}

export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** A name without its namespace prefix. */
export function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/** Said of what looks like XML. */
export const notOfItsKind = 'is not XML of its kind';

/** What a document is that begins like this, where XML was expected. */
export function describeStart(bytes: Buffer): string {
  const text = bytes.toString('latin1', 0, 512).trimStart();
  if (/^[[{]/.test(text)) return 'is JSON, though XML was asked for';
  if (/^<(!doctype\s+)?html/i.test(text)) return 'is an HTML page';
  return text === '' ? 'is empty' : notOfItsKind;
}
