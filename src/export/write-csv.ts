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

// Also in their full width, and behind what cannot be seen: some programs cut that away before they look.
const formula = /^(?:[\t\r\n]|[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠])/u;
// Quotes keep blanks where they are, and what separates cells elsewhere.
const fragile = /[",;\t\r\n]|^\s|\s$/;

export function writeCell(value: Value): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  if (value === '') return '""';
  const safe = formula.test(value) ? `'${value}` : value;
  return fragile.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
