import { parseTimestamp } from '../domain/timestamp.ts';
import type { Filter } from './resource.ts';

/** No name in Enterprise Manager is nearly as long. Characters. */
export const longest = 10_000;
const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** The value as PostgreSQL reads it, or what is wrong with it, to go on after the parameter's name. */
export function parseValue(
  { type, words }: Pick<Filter, 'type' | 'words'>,
  text: string,
): { readonly value: string } | { readonly wrong: string } {
  if (text.length > longest) return { wrong: `is longer than ${longest} characters` };
  // PostgreSQL cannot store NUL, so nothing has it.
  if (text.includes('\0')) return { wrong: 'holds a NUL character' };
  if (words !== undefined)
    return words.includes(text) ? { value: text } : { wrong: `is none of ${words.join(', ')}` };
  switch (type) {
    case 'text':
      return { value: text };
    case 'uuid':
      return uuid.test(text) ? { value: text.toLowerCase() } : { wrong: 'is no UUID' };
    case 'boolean':
      return text === 'true' || text === 'false' ? { value: text } : { wrong: 'is neither true nor false' };
    case 'timestamp': {
      // A space is what a plus sign of an offset turns into on its way through a query string.
      const time = parseTimestamp(
        /^\d{4}-\d{2}-\d{2}$/.test(text)
          ? `${text}T00:00:00Z`
          : text.replace(/ (?=\d\d:?\d\d$)/, '+').replace(/(?<=T\d\d:\d\d)(?=$|[Z+-])/i, ':00'),
      );
      return time === undefined
        ? { wrong: 'is no time such as 2026-06-16T06:33:10.659559Z or 2026-06-16' }
        : { value: time };
    }
    case 'date':
      return /^\d{4}-\d{2}-\d{2}$/.test(text) && parseTimestamp(`${text}T00:00:00Z`) !== undefined
        ? { value: text }
        : { wrong: 'is no day such as 2026-06-16' };
    case 'integer':
      return /^-?\d{1,10}$/.test(text) && Math.abs(Number(text)) < 2 ** 31
        ? { value: text }
        : { wrong: 'is no whole number' };
    case 'bigint':
      return /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)
        ? { value: text }
        : { wrong: 'is no whole number' };
    case 'double':
      return /^-?\d{1,350}(\.\d{1,350})?(e[+-]?\d{1,3})?$/.test(text) && isDouble(text)
        ? { value: text }
        : { wrong: 'is no number' };
  }
}

/** Neither too large for PostgreSQL, nor so small that it would be none. */
function isDouble(text: string): boolean {
  const value = Number(text);
  return Number.isFinite(value) && (value !== 0 || !/[1-9]/.test(text.replace(/e.*/, '')));
}
