import type { Column, ColumnType } from '../resource.ts';
import type { Row, Value } from '../row.ts';

/** Rows come as the texts PostgreSQL sends: its driver would turn times into Dates, which have no microseconds. */
export type RawRow = readonly (string | null)[];

/** Hands every value over as it came. */
export const rawTypes = { getTypeParser: () => (text: string | Buffer) => text };

/** A function that turns the first values of a row into what its columns mean. */
export function valueReader(columns: readonly Pick<Column, 'type'>[]): (raw: RawRow) => Row {
  const readers = columns.map(({ type }) => readerOf[type]);
  return (raw) =>
    readers.map((read, index) => {
      const text = raw[index] ?? null;
      return text === null ? null : read(text);
    });
}

const asNumber = (text: string): Value => Number(text);
const asText = (text: string): Value => text;

const readerOf: Readonly<Record<ColumnType, (text: string) => Value>> = {
  text: asText,
  uuid: asText,
  date: asText,
  timestamp: readTime,
  integer: asNumber,
  bigint: (text) => (text.length < 16 ? Number(text) : BigInt(text)),
  double: asNumber,
  boolean: (text) => text === 't',
};

/** `2026-06-16 06:33:10.6+00`, as PostgreSQL writes a time in UTC, with six digits and a Z. */
export function readTime(text: string): string {
  const end = text.length - '+00'.length;
  const dot = text.indexOf('.');
  const fraction = dot < 0 ? '' : text.slice(dot + 1, end);
  return `${text.slice(0, 10)}T${text.slice(11, dot < 0 ? end : dot)}.${fraction.padEnd(6, '0')}Z`;
}
