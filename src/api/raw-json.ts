import { objectWriter } from '../export/json-row.ts';
import type { Column, ColumnType } from '../query/resource.ts';
import { readTime, type RawRow } from '../query/sql/read-values.ts';

/** A function that writes a row as PostgreSQL sent it as a JSON object, with no row of values on the way. */
export function rawJsonWriter(columns: readonly Column[]): (raw: RawRow) => string {
  return objectWriter(columns, writers);
}

const asItIs = (text: string): string => text;
// Of these nothing needs to be escaped.
const quoted = (text: string): string => `"${text}"`;

const writers: Readonly<Record<ColumnType, (text: string) => string>> = {
  text: (text) => JSON.stringify(text),
  uuid: quoted,
  date: quoted,
  timestamp: (text) => quoted(readTime(text)),
  integer: asItIs,
  bigint: asItIs,
  // As JavaScript writes it, which agrees with the other formats.
  double: (text) => String(Number(text)),
  boolean: (text) => (text === 't' ? 'true' : 'false'),
};
