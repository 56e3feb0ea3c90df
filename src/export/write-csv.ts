import type { Column } from '../query/resource.ts';
import type { Row, Value } from '../query/row.ts';

/**
 * RFC 4180, with the column names of schema `report`. A text that a spreadsheet would take for a formula begins with an
 * apostrophe instead: names come from strangers. Nothing stands for null, "" for an empty text.
 */
export async function* writeCsv(
  columns: readonly Column[],
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string, void, void> {
  yield `${columns.map(({ name }) => name).join(',')}\r\n`;
  for await (const rows of batches) {
    let text = '';
    for (const row of rows) {
      for (let index = 0; index < columns.length; index += 1) {
        text += (index === 0 ? '' : ',') + writeCell(row[index] ?? null);
      }
      text += '\r\n';
    }
    yield text;
  }
}

// Also in their full width.
const formula = /^[=+\-@\t\r\n＝＋－＠]/;

export function writeCell(value: Value): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  if (value === '') return '""';
  const safe = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
