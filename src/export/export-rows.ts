import type { Resource } from '../query/resource.ts';
import type { Row } from '../query/row.ts';
import type { ExportFormat } from './export-formats.ts';
import { writeCsv } from './write-csv.ts';
import { writeNdjson } from './write-ndjson.ts';

export const mediaTypes = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
} as const satisfies Record<ExportFormat, string>;

export type ExportOptions = {
  readonly format: ExportFormat;
  /** Whether CSV begins with a byte order mark, by which spreadsheets know UTF-8. */
  readonly bom: boolean;
};

const byteOrderMark = '\uFEFF';

/** Writes rows in a format, as they come: memory holds a batch of them (a row group of them, in Parquet). */
export async function* exportRows(
  { format, bom }: ExportOptions,
  { name, columns }: Pick<Resource, 'name' | 'columns'>,
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Uint8Array | string, void, void> {
  switch (format) {
    case 'csv':
      if (bom) yield byteOrderMark;
      return yield* writeCsv(columns, batches);
    case 'ndjson':
      return yield* writeNdjson(columns, batches);
    case 'parquet': {
      // Loaded by those who want it.
      const { writeParquet } = await import('./write-parquet.ts');
      return yield* writeParquet(columns, batches);
    }
    case 'xlsx': {
      const { writeXlsx } = await import('./write-xlsx.ts');
      return yield* writeXlsx([{ name, columns, batches }]);
    }
  }
}
