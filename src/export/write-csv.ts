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

// Also in their full width, behind what cannot be seen (some programs cut that away before they look), and behind an apostrophe, so
// that one that was there already can be told from ours.
const formula = /^(?:'*[\t\r\n]|['"\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠])/u;
const separators = /[;\t\r\n]/;
const blank = /['"\s\p{Cc}\p{Cf}]/u;
const sign = /[=+\-@＝＋－＠]/;
// Quotes keep blanks where they are, and what separates cells elsewhere.
const fragile = /[",;\t\r\n]|^\s|\s$/;

export function writeCell(value: Value): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  if (value === '') return '""';
  const safe = disarm(value);
  return fragile.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * A text in which no reader finds a formula, whatever it takes for the end of a cell: programs that split at semicolons or tabs, or
 * that know no quotes, find cells in the middle of a text. Taking away one apostrophe wherever one, or several, stand at the
 * beginning or behind `;`, tab or line break, before a formula, gives the text back.
 */
function disarm(value: string): string {
  const inside = separators.test(value) ? disarmCells(value) : value;
  return formula.test(value) ? `'${inside}` : inside;
}

// One pass: a regular expression would go back to the beginning of each stretch of blanks, and a text may be nothing else.
function disarmCells(value: string): string {
  let safe = '';
  let done = 0;
  /** Where the cell would begin whose blanks these are; 0: in none. */
  let begin = 0;
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code === 0x3b || code === 0x09 || code === 0x0a || code === 0x0d) {
      begin = at + 1;
    } else if (begin > 0) {
      const character = String.fromCodePoint(value.codePointAt(at) ?? 0);
      at += character.length - 1;
      if (blank.test(character)) continue;
      if (sign.test(character)) {
        safe += `${value.slice(done, begin)}'`;
        done = begin;
      }
      begin = 0;
    }
  }
  return safe + value.slice(done);
}

/** An apostrophe of `disarmCells`: behind what separates cells, before blanks of that cell and a formula. */
const disarming = /(?<=[;\t\r\n])'(?=(?:(?![\t\r\n])['"\s\p{Cc}\p{Cf}])*[=+\-@＝＋－＠])/gu;

/** The text that `writeCell` was given, from the cell as a reader of CSV hands it over. */
export function restoreText(cell: string): string {
  const inside = cell.startsWith("'") && formula.test(cell.slice(1)) ? cell.slice(1) : cell;
  return inside.replaceAll(disarming, '');
}
