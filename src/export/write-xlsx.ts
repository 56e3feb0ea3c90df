import { setImmediate } from 'node:timers/promises';
import { configure, ZipWriter } from '@zip.js/zip.js/lib/zip-core-native.js';
import type { Column } from '../query/resource.ts';
import type { Row } from '../query/row.ts';
import { rowWriter } from './spreadsheet-cells.ts';
import {
  beginSheet,
  contentTypes,
  endSheet,
  packageRelations,
  sheetPart,
  styles,
  workbook,
  workbookRelations,
} from './spreadsheet-parts.ts';

/** Rows written at once: others wait for so long. */
const chunkRows = 250;

/** The same rows are the same bytes, whenever they are written. */
const always = new Date(1980, 0, 1);

/** What a sheet holds at most; what is beyond goes on in the next one. */
export type SheetLimits = { readonly rows: number; readonly bytes: number };

/** Excel's rows, the header among them; and less than 4 GB of XML, so that no reader needs ZIP64. */
const excelLimits: SheetLimits = { rows: 1_048_576, bytes: 3_500_000_000 };

/** A table of a workbook. */
export type Sheet = {
  /** Letters, digits, blanks and hyphens; 25 at most. */
  readonly name: string;
  readonly columns: readonly Column[];
  readonly batches: AsyncIterable<readonly Row[]>;
};

// Node compresses in threads of its own; others could not take rows from an iterator here.
configure({ useWebWorkers: false });

/**
 * A workbook of Excel: a header that stays in sight, times and days as dates (UTC), numbers, booleans, and texts that are never
 * formulas. Memory holds a batch of rows. A table of more rows than a sheet may have goes on in `name 2`, `name 3`, ….
 */
export async function* writeXlsx(
  tables: readonly Sheet[],
  limits: SheetLimits = excelLimits,
): AsyncGenerator<Uint8Array, void, void> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const stop = new AbortController();
  const written = writeParts(writable, tables, limits, stop.signal);
  // What went wrong is told where the bytes are read.
  written.catch(() => undefined);
  const reader = readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
    await written;
  } finally {
    stop.abort();
    await reader.cancel().catch(() => undefined);
    await written.catch(() => undefined);
  }
}

async function writeParts(
  to: WritableStream<Uint8Array>,
  tables: readonly Sheet[],
  limits: SheetLimits,
  signal: AbortSignal,
): Promise<void> {
  try {
    // Never ZIP64: Excel takes files for damaged that declare it and do not need it.
    const zip = new ZipWriter(to, { zip64: false, extendedTimestamp: false, lastModDate: always, signal });
    const add = (name: string, text: string) => zip.add(name, new Blob([text]).stream());
    const sheets: string[] = [];
    for (const { name, columns, batches } of tables) {
      const rows = batches[Symbol.asyncIterator]();
      try {
        const table = sheetsOf(columns, rows, limits);
        for (let number = 1; ; number += 1) {
          const index = sheets.push(number === 1 ? name : `${name} ${number}`) - 1;
          const state = { isLast: true };
          await zip.add(sheetPart(index), ReadableStream.from(table.next(index === 0, state)));
          if (state.isLast) break;
        }
      } finally {
        await rows.return?.();
      }
    }
    await add('xl/styles.xml', styles);
    await add('xl/workbook.xml', workbook(sheets));
    await add('xl/_rels/workbook.xml.rels', workbookRelations(sheets));
    await add('_rels/.rels', packageRelations);
    await add('[Content_Types].xml', contentTypes(sheets));
    await zip.close();
  } catch (error) {
    await to.abort(error).catch(() => undefined);
    throw error;
  }
}

/** The rows of a table, sheet after sheet; `state` tells at the end of one whether it was the last. */
function sheetsOf(
  columns: readonly Column[],
  source: AsyncIterator<readonly Row[]>,
  limits: SheetLimits,
): { next(isFirst: boolean, state: { isLast: boolean }): AsyncGenerator<Uint8Array, void, void> } {
  const write = rowWriter(columns);
  const encoder = new TextEncoder();
  let rest: readonly Row[] = [];
  return {
    async *next(isFirst, state) {
      yield encoder.encode(beginSheet(columns, isFirst));
      let rows = 1;
      let bytes = 0;
      for (;;) {
        if (rest.length === 0) {
          const next = await source.next();
          if (next.done === true) break;
          rest = next.value;
          continue;
        }
        if (rows >= limits.rows || bytes >= limits.bytes) {
          state.isLast = false;
          break;
        }
        const now = rest.slice(0, Math.min(chunkRows, limits.rows - rows));
        rest = rest.slice(now.length);
        const chunk = encoder.encode(now.map(write).join(''));
        rows += now.length;
        bytes += chunk.length;
        yield chunk;
        await setImmediate();
      }
      yield encoder.encode(endSheet(columns, rows));
    },
  };
}
