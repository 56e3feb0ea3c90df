import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { expect, it } from 'vitest';
import { writeParquet } from '../../../src/export/write-parquet.ts';
import { columns } from '../../../src/query/columns.ts';
import type { Row } from '../../../src/query/row.ts';

const described = columns(`
  name text?
  number integer
  at timestamp
`);
const rowOf = (number: number): Row => [
  number % 3 === 0 ? null : `name ${number % 100}`,
  number,
  '2026-06-16T06:33:10.659559Z',
];
const rows = Array.from({ length: 25_000 }, (_, number) => rowOf(number));

async function* batchesOf(all: readonly Row[]): AsyncGenerator<readonly Row[], void, void> {
  for (let at = 0; at < all.length; at += 500) yield await Promise.resolve(all.slice(at, at + 500));
}

async function write(all: readonly Row[]): Promise<{ readonly file: ArrayBuffer; readonly turns: number }> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const parts: Uint8Array[] = [];
  for await (const part of writeParquet(described, batchesOf(all))) parts.push(part);
  isOver = true;
  return { file: new Uint8Array(Buffer.concat(parts)).buffer, turns };
}

it('writes groups of all columns, and lets others have a turn after each column', async () => {
  const { file, turns } = await write(rows);
  const metadata = parquetMetadata(file);
  expect(metadata.num_rows).toBe(25_000n);
  expect(metadata.row_groups.map(({ num_rows, columns: of }) => [num_rows, of.length])).toEqual([
    [10_000n, 3],
    [10_000n, 3],
    [5_000n, 3],
  ]);
  for (const group of metadata.row_groups) {
    const sizes = group.columns.map(({ meta_data: about }) => about?.total_compressed_size ?? 0n);
    expect(group.total_compressed_size).toBe(sizes.reduce((sum, size) => sum + size, 0n));
  }
  const read: readonly Readonly<Record<string, unknown>>[] = await parquetReadObjects({ file });
  expect(read).toHaveLength(25_000);
  expect(read.map((row) => [row['name'], row['number']])).toEqual(
    rows.map(([name, number]) => [name ?? null, number]),
  );
  expect(turns).toBeGreaterThanOrEqual(9);
});

it('is a whole file when there is nothing to put in', async () => {
  const metadata = parquetMetadata((await write([])).file);
  expect([metadata.num_rows, metadata.row_groups]).toEqual([0n, []]);
});
