/** One piece of markup in a byte buffer; `end` is the position after it. */
type Markup =
  | { readonly kind: 'comment' | 'cdata' | 'instruction' | 'doctype' | 'end'; readonly end: number }
  | { readonly kind: 'start'; readonly end: number; readonly isEmpty: boolean };

const sections = [
  { opens: '<!--', closes: '-->', kind: 'comment' },
  { opens: '<![CDATA[', closes: ']]>', kind: 'cdata' },
  { opens: '<?', closes: '?>', kind: 'instruction' },
] as const;

/** The markup that begins at `at`, where a "<" stands; undefined while it is not all there. */
export function endOfMarkup(bytes: Buffer, at: number): Markup | undefined {
  const next = bytes[at + 1];
  if (next === undefined) return undefined;
  if (next === 0x21 || next === 0x3f) {
    for (const { opens, closes, kind } of sections) {
      const here = bytes.toString('latin1', at, at + opens.length);
      if (here === opens) {
        const close = bytes.indexOf(closes, at + opens.length, 'latin1');
        return close === -1 ? undefined : { kind, end: close + closes.length };
      }
      if (here.length < opens.length && opens.startsWith(here)) return undefined;
    }
    return { kind: 'doctype', end: at + 2 };
  }
  const close = endOfTag(bytes, at);
  if (close === undefined) return undefined;
  if (next === 0x2f) return { kind: 'end', end: close };
  return { kind: 'start', end: close, isEmpty: bytes[close - 2] === 0x2f };
}

/** The position after the ">" that ends a tag; one inside an attribute value does not. */
function endOfTag(bytes: Buffer, at: number): number | undefined {
  let quote = 0;
  for (let position = at + 1; position < bytes.length; position += 1) {
    const byte = bytes[position];
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === 0x22 || byte === 0x27) quote = byte;
    else if (byte === 0x3e) return position + 1;
  }
  return undefined;
}

/** The position after the element that begins at `at`, every tag counted; undefined while it is not all there. */
export function endOfElement(bytes: Buffer, at: number): number | 'unbalanced' | undefined {
  const open: string[] = [];
  for (let position = at; ;) {
    const next = bytes.indexOf('<', position);
    if (next === -1) return undefined;
    const markup = endOfMarkup(bytes, next);
    if (markup === undefined) return undefined;
    if (markup.kind === 'doctype') return 'unbalanced';
    if (markup.kind === 'start' && !markup.isEmpty) open.push(qualifiedName(bytes, next + 1));
    if (markup.kind === 'end' && open.pop() !== qualifiedName(bytes, next + 2)) return 'unbalanced';
    if (open.length === 0) return markup.end;
    position = markup.end;
  }
}

/** The name that begins at `at`, prefix included. */
export function qualifiedName(bytes: Buffer, at: number): string {
  let end = at;
  for (; end < bytes.length; end += 1) {
    const byte = bytes[end] ?? 0;
    if (byte <= 0x20 || byte === 0x3e || byte === 0x2f || byte === 0x3d || byte === 0x3c) break;
  }
  return bytes.toString('utf8', at, end);
}

/** A name without its namespace prefix. */
export function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
