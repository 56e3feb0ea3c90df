import type { Column, ColumnType } from '../query/resource.ts';
import type { Row, Value } from '../query/row.ts';

/** Styles of `styles`, by their place in it. */
export const cellStyle = { plain: 0, header: 1, time: 2, day: 3, prefixed: 4 } as const;

/** Excel refuses to open a file with longer texts. UTF-16 units. */
const longestText = 32_767;
const cut = '… (cut: a cell holds 32,767 characters)';
/** Excel keeps this many digits of a number. */
const mostDigits = 15;
const dayMs = 86_400_000;
/** 1970-01-01, as Excel counts days. */
const epochSerial = 25_569;
/** Of days before it Excel counts one too many: it has a 29 February 1900. */
const firstDay = '1900-03-01';

/** A cell of a worksheet. A date outside of what Excel can show, and a number of more than 15 digits, are texts. */
export function writeCell(type: ColumnType, value: NonNullable<Value>): string {
  switch (type) {
    case 'boolean':
      return `<c t="b"><v>${value === true ? 1 : 0}</v></c>`;
    case 'integer':
    case 'bigint':
    case 'double':
      return isExact(value) ? `<c><v>${String(value)}</v></c>` : writeText(String(value));
    case 'timestamp': {
      const serial = toSerial(String(value));
      return serial === undefined
        ? writeText(String(value))
        : `<c s="${cellStyle.time}"><v>${serial}</v></c>`;
    }
    case 'date': {
      const serial = toSerial(`${String(value)}T00:00:00.000000Z`);
      return serial === undefined ? writeText(String(value)) : `<c s="${cellStyle.day}"><v>${serial}</v></c>`;
    }
    case 'uuid':
      return `<c t="inlineStr"><is><t>${String(value)}</t></is></c>`;
    case 'text':
      return writeText(String(value));
  }
}

export function rowWriter(columns: readonly Column[]): (row: Row) => string {
  const types = columns.map(({ type }) => type);
  return (row) => {
    let text = '<row>';
    for (let index = 0; index < types.length; index += 1) {
      const value = row[index] ?? null;
      // Cells have no addresses of their own: an empty one keeps the place.
      text += value === null ? '<c/>' : writeCell(types[index] ?? 'text', value);
    }
    return `${text}</row>`;
  };
}

/** Most texts: nothing of them is escaped, nobody takes them for a formula, no blank of theirs is lost. */
const plainText = /^[A-Za-z0-9][\x20\x21#-%'-;?-^`-~\u00a1-\ud7ff]*$/;
const looksLikeFormula = /^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠]/u;

/**
 * A text cell is never run. One that looks like a formula also gets the style that holds an apostrophe, or it would become one as
 * soon as somebody edits it.
 */
export function writeText(value: string, style: number = cellStyle.plain): string {
  if (
    style === cellStyle.plain &&
    value.length <= longestText &&
    plainText.test(value) &&
    !value.endsWith(' ')
  )
    return `<c t="inlineStr"><is><t>${value}</t></is></c>`;
  const shown = looksLikeFormula.test(value) ? cellStyle.prefixed : style;
  return `<c t="inlineStr" s="${shown}"><is><t xml:space="preserve">${escapeText(shorten(value))}</t></is></c>`;
}

function shorten(value: string): string {
  return value.length <= longestText
    ? value
    : value.slice(0, longestText - cut.length).replace(/[\ud800-\udbff]$/, '') + cut;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const awkward = /[&<>]|[^\t\n\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|_x[0-9A-Fa-f]{4}_/gu;

/** What XML cannot hold is written as ECMA-376 says (ST_Xstring): `_x000D_`; what looks so already, with its `_` written so. */
function escapeText(value: string): string {
  return value.replaceAll(awkward, (part) => {
    if (part.length > 1) return `_x005F${part}`;
    const code = part.charCodeAt(0);
    // Half of a pair means nothing.
    if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
    return entities[part] ?? `_x${code.toString(16).toUpperCase().padStart(4, '0')}_`;
  });
}

function isExact(value: NonNullable<Value>): boolean {
  if (typeof value === 'bigint') return false;
  return Number.isFinite(value) && (!Number.isInteger(value) || Math.abs(Number(value)) < 10 ** mostDigits);
}

/** Days since the end of 1899, from `2026-06-16T06:33:10.659559Z`, exact to a microsecond; undefined: Excel has no such day. */
function toSerial(time: string): string | undefined {
  if (!/^\d{4}-/.test(time) || time.slice(0, 10) < firstDay) return undefined;
  const ms = Date.parse(`${time.slice(0, 19)}Z`);
  if (Number.isNaN(ms)) return undefined;
  const day = Math.floor(ms / dayMs);
  return String(
    epochSerial + day + ((ms - day * dayMs) * 1_000 + Number(time.slice(20, 26))) / (dayMs * 1_000),
  );
}
