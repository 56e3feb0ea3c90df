import type { Timestamp } from '../../domain/timestamp.ts';
import { parseTimestamp } from '../../domain/timestamp.ts';
import { maxName, maxText } from './bounds.ts';
import { cutText } from './decode-text.ts';
import { guidIn, type Entity } from './entity.ts';

/** .NET writes a time that was never set as the first moment of year 1. */
export const isUnset = (text: string | undefined) => text === undefined || /^\s*(0001-01-01|$)/.test(text);

/**
 * Reads the values of an entity for columns. What fits no column is null there and kept as it came: `extra` has it, under
 * EM's own name for it.
 */
export function readFields(entity: Entity) {
  const notes: [string, unknown][] = [];
  const shortened: string[] = [];

  function bounded(key: string, max: number): string | null {
    const text = entity.text(key);
    if (text === undefined || text === '') return null;
    if (text.length <= max) return text;
    const name = key.replace('@', '');
    if (max < maxText) notes.push([name, cutText(text, maxText)]);
    if (text.length > maxText) shortened.push(name);
    return cutText(text, max);
  }

  return {
    /** A name; null when absent or empty. */
    name: (key: string) => bounded(key, maxName),
    /** A word of the vendor's, without white space around it. */
    word: (key: string) => {
      const word = bounded(key, maxName)?.trim();
      return word === undefined || word === '' ? null : word;
    },
    /** Free text. */
    longText: (key: string) => bounded(key, maxText),
    /** A name that a link carries. */
    linkName: (text: string | undefined) =>
      text === undefined || text === '' ? null : cutText(text, maxName),
    keep: (key: string, value: unknown) => void notes.push([key, value]),
    /** null when unset; what is no date is kept as text, and `onImpossible` is told. */
    time: (key: string, onImpossible?: (text: string) => void): Timestamp | null => {
      const text = entity.text(key);
      if (text === undefined || isUnset(text)) return null;
      const time = parseTimestamp(text);
      if (time !== undefined) return time;
      notes.push([key, cutText(text, maxText)]);
      onImpossible?.(cutText(text, 50));
      return null;
    },
    /** Anything but a yes or no is kept as text. */
    flag: (key: string): boolean | null => {
      const text = entity.text(key)?.trim().toLowerCase();
      if (text === undefined || text === '') return null;
      if (text === 'true' || text === '1') return true;
      if (text !== 'false' && text !== '0') notes.push([key, cutText(text, maxText)]);
      return false;
    },
    /** A number from 0 to 100; decimals are cut. */
    percent: (key: string): number | null => {
      const text = entity.text(key);
      if (text === undefined || text.trim() === '') return null;
      const digits = /^\s*(\d{1,9})(?:[.,]\d+)?\s*$/.exec(text);
      const number = Number(digits?.[1]);
      if (digits !== null && number <= 100) return number;
      notes.push([key, cutText(text, maxText)]);
      return null;
    },
    /** Bytes, as far as a bigint column holds them. */
    size: (key: string): bigint | null => {
      const text = entity.text(key)?.trim() ?? '';
      if (text === '') return null;
      if (/^\d{1,19}$/.test(text) && BigInt(text) <= maxBigint) return BigInt(text);
      notes.push([key, cutText(text, maxText)]);
      return null;
    },
    /** The rest of the entity and what was kept; to be asked for last. `isGarbled`: bytes before were no text. */
    extra: (known: ReadonlySet<string>, isGarbled = false): Record<string, unknown> | null => {
      const rest = entity.rest(known);
      const all: [string, unknown][] = [...notes];
      if (shortened.length > 0) all.push(['shortened', shortened]);
      if (isGarbled || entity.wasReplaced()) all.push(['replacedCharacters', true]);
      if (all.length === 0) return rest;
      const extra = rest ?? {};
      for (const [key, value] of all) extra[key] = value;
      return extra;
    },
  };
}

const maxBigint = 9_223_372_036_854_775_807n;

/** The id an entity is known by. */
export function idOf(entity: Entity): string | null {
  return guidIn(entity.text('@UID')) ?? guidIn(entity.text('@Href'));
}

/** Bytes as text; `isGarbled` when some of them are none. */
export function textOf(bytes: Buffer): { readonly text: string; readonly isGarbled: boolean } {
  const text = bytes.toString('utf8');
  return { text, isGarbled: text.includes('\ufffd') && !bytes.includes('\ufffd') };
}
