const named: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** What stands where a character cannot be told. */
export const replacement = '\ufffd';

// What XML 1.0 does not allow as a character; NUL cannot even be stored.
// eslint-disable-next-line no-control-regex -- they are what is looked for
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/**
 * Text with its character references replaced. What stands for no character of XML (NUL and other controls, half a surrogate
 * pair, an unknown name) becomes U+FFFD, and `onReplaced` is told.
 */
export function decodeText(text: string, onReplaced?: () => void): string {
  let decoded = text;
  if (text.includes('&')) {
    decoded = text.replace(/&(#x[\da-f]+|#\d+|\w+);/gi, (_, name: string) => {
      const known = named.get(name) ?? decodeNumber(name);
      if (known === undefined) onReplaced?.();
      return known ?? replacement;
    });
  }
  const allowed = decoded.replace(forbidden, replacement);
  if (allowed !== decoded) onReplaced?.();
  return allowed;
}

function decodeNumber(name: string): string | undefined {
  if (!name.startsWith('#')) return undefined;
  const isHex = name[1] === 'x' || name[1] === 'X';
  const code = isHex ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  // NUL and lone surrogates are no characters, and PostgreSQL could not store them.
  if (!(code > 0 && code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  return String.fromCodePoint(code);
}

/** At most so many UTF-16 units, never half a character. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}
