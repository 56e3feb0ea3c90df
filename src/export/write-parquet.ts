import { setImmediate } from 'node:timers/promises';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Column, ColumnType } from '../query/resource.ts';
import type { Row, Value } from '../query/row.ts';

/** Rows of a group: readers skip by groups, and this is what memory holds. */
const groupSize = 10_000;

/** Apache Parquet with the column names of schema `report`, times in microseconds of UTC, Snappy inside. */
export async function* writeParquet(
  columns: readonly Column[],
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Uint8Array, void, void> {
  const bytes = new ByteWriter();
  const file = new ParquetWriter({
    writer: bytes,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.map(describeColumn)],
    createdBy: 'session-history',
  });
  const take = (): Uint8Array => {
    const taken = bytes.getBytes().slice();
    bytes.index = 0;
    return taken;
  };
  let group: Row[] = [];
  // A column at a time: the library writes without a pause what it is given, and all of a group's columns take a second.
  async function* writeGroup(): AsyncGenerator<Uint8Array, void, void> {
    const rows = group;
    group = [];
    const before = file.row_groups.length;
    for (const [index, { name, type }] of columns.entries()) {
      void file.write({
        // An index for each group would pile up in memory until the end.
        columnData: [{ name, data: rows.map((row) => encode(type, row[index] ?? null)), offsetIndex: false }],
        rowGroupSize: groupSize,
      });
      yield take();
      await setImmediate();
    }
    joinColumns(file, before, rows.length);
  }
  for await (const rows of batches) {
    for (const row of rows) {
      group.push(row);
      if (group.length === groupSize) yield* writeGroup();
    }
  }
  if (group.length > 0) yield* writeGroup();
  void file.finish();
  yield take();
}

/** Makes one group of so many rows out of those behind `first`, which have a column each. */
function joinColumns(file: ParquetWriter, first: number, rows: number): void {
  const parts = file.row_groups.splice(first);
  const sum = (of: (part: (typeof parts)[number]) => bigint) =>
    parts.reduce((all, part) => all + of(part), 0n);
  file.row_groups.push({
    columns: parts.flatMap(({ columns }) => columns),
    num_rows: BigInt(rows),
    total_byte_size: sum((part) => part.total_byte_size),
    total_compressed_size: sum((part) => part.total_compressed_size ?? 0n),
  });
  // Each part counted them.
  file.num_rows -= BigInt(rows) * BigInt(parts.length - 1);
}

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

function describeColumn({ name, type, isNullable }: Column): SchemaElement {
  return { name, repetition_type: isNullable ? 'OPTIONAL' : 'REQUIRED', ...elements[type] };
}

const elements = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  uuid: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } },
  timestamp: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
  date: { type: 'INT32', converted_type: 'DATE' },
  integer: { type: 'INT32' },
  bigint: { type: 'INT64' },
  double: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
} as const satisfies Readonly<Record<ColumnType, Partial<SchemaElement>>>;

function encode(type: ColumnType, value: Value): unknown {
  if (value === null) return undefined;
  switch (type) {
    case 'timestamp':
      return toMicroseconds(String(value));
    case 'date':
      return Date.parse(`${String(value)}T00:00:00Z`) / 86_400_000;
    case 'bigint':
      return BigInt(value);
    case 'text':
    case 'uuid':
    case 'integer':
    case 'double':
    case 'boolean':
      return value;
  }
}

/** Since 1970, from `2026-06-16T06:33:10.659559Z`. */
function toMicroseconds(time: string): bigint {
  return BigInt(Date.parse(`${time.slice(0, 19)}Z`)) * 1_000n + BigInt(time.slice(20, 26));
}
