import { fieldName } from '../query/field-name.ts';
import type { Column, ColumnType } from '../query/resource.ts';
import type { Row, Value } from '../query/row.ts';

/**
 * A function that writes values as a JSON object with camelCase fields. Faster than an object on the way, and whole numbers
 * beyond 53 bits keep their digits. Joined, not added up: an added text keeps its hundred parts until somebody reads it, and the
 * collector copies each of them again and again, up to 0.1 s at a time for pages of 1,000 rows.
 */
export function objectWriter<One>(
  columns: readonly Column[],
  writers: Readonly<Record<ColumnType, (value: One) => string>>,
): (values: readonly (One | null)[]) => string {
  const fields = columns.map(({ type }) => writers[type]);
  const parts = columns.flatMap(({ name }, index) => [
    `${index === 0 ? '{' : ','}${JSON.stringify(fieldName(name))}:`,
    'null',
  ]);
  parts.push('}');
  return (values) => {
    for (const [index, write] of fields.entries()) {
      const value = values[index] ?? null;
      parts[2 * index + 1] = value === null ? 'null' : write(value);
    }
    return parts.join('');
  };
}

export function jsonRowWriter(columns: readonly Column[]): (row: Row) => string {
  return objectWriter<NonNullable<Value>>(columns, writers);
}

// Of these nothing needs to be escaped.
const quoted = (value: Value): string => `"${String(value)}"`;

const writers: Readonly<Record<ColumnType, (value: NonNullable<Value>) => string>> = {
  text: (value) => JSON.stringify(value),
  uuid: quoted,
  timestamp: quoted,
  date: quoted,
  integer: String,
  bigint: String,
  double: String,
  boolean: String,
};
