/**
 * The parameters of an address, each one text, or several where the name is repeated. What cannot be decoded stays as it is,
 * because what is thrown here ends the process; `isReadable` tells who asked.
 */
export function querystringParser(text: string): Record<string, string | string[]> {
  const found = new Map<string, string[]>();
  for (const part of text.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    const name = decode(at < 0 ? part : part.slice(0, at));
    found.set(name, [...(found.get(name) ?? []), decode(at < 0 ? '' : part.slice(at + 1))]);
  }
  return Object.fromEntries(
    [...found].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  );
}

/** Whether every percent sign of an address begins the code of a character. */
export function isReadable(address: string): boolean {
  return tryToDecode(address) !== undefined;
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  return tryToDecode(spaced) ?? spaced;
}

function tryToDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
