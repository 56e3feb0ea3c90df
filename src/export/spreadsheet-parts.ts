import type { Column, ColumnType } from '../query/resource.ts';
import { cellStyle, writeText } from './spreadsheet-cells.ts';

/** The parts of a workbook (ECMA-376) beside its rows. */

const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packages = 'http://schemas.openxmlformats.org/package/2006';
const sheetType = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/** Milliseconds: no format of Excel shows more. */
const timeFormat = 'yyyy\\-mm\\-dd\\ hh:mm:ss.000';
const dayFormat = 'yyyy\\-mm\\-dd';

const formats = [
  '',
  ' fontId="1" applyFont="1"',
  ' numFmtId="164" applyNumberFormat="1"',
  ' numFmtId="165" applyNumberFormat="1"',
  ' quotePrefix="1"',
];

export const styles =
  `${head}<styleSheet xmlns="${main}"><numFmts count="2"><numFmt numFmtId="164" formatCode="${timeFormat}"/><numFmt numFmtId="165" formatCode="${dayFormat}"/></numFmts>` +
  '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>' +
  '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>' +
  '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>' +
  '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>' +
  `<cellXfs count="${formats.length}">${formats.map((format) => `<xf xfId="0" fillId="0" borderId="0"${format.includes('numFmtId') ? '' : ' numFmtId="0"'}${format.includes('fontId') ? '' : ' fontId="0"'}${format}/>`).join('')}</cellXfs>` +
  '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>';

export const packageRelations = `${head}<Relationships xmlns="${packages}/relationships"><Relationship Id="rId1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`;

export function contentTypes(sheets: readonly string[]): string {
  return (
    `${head}<Types xmlns="${packages}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
    `<Override PartName="/xl/workbook.xml" ContentType="${sheetType}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${sheetType}.styles+xml"/>` +
    `${sheets.map((_, index) => `<Override PartName="/${sheetPart(index)}" ContentType="${sheetType}.worksheet+xml"/>`).join('')}</Types>`
  );
}

export function workbook(sheets: readonly string[]): string {
  const list = sheets.map(
    (name, index) => `<sheet name="${name}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  );
  return `${head}<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${list.join('')}</sheets></workbook>`;
}

export function workbookRelations(sheets: readonly string[]): string {
  const list = sheets.map(
    (_, index) =>
      `<Relationship Id="rId${index + 1}" Type="${office}/worksheet" Target="worksheets/sheet${index + 1}.xml"/>`,
  );
  return `${head}<Relationships xmlns="${packages}/relationships">${list.join('')}<Relationship Id="rId${sheets.length + 1}" Type="${office}/styles" Target="styles.xml"/></Relationships>`;
}

export const sheetPart = (index: number): string => `xl/worksheets/sheet${index + 1}.xml`;

/** Everything before the first row of values: a header that stays in sight, columns wide enough for their values. */
export function beginSheet(columns: readonly Column[], isFirst: boolean): string {
  const widths = columns.map((column, index) => {
    const width = Math.max(widthOf(column), column.name.length + 3);
    return `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`;
  });
  const names = columns.map(({ name }) => writeText(name, cellStyle.header));
  return (
    `${head}<worksheet xmlns="${main}"><sheetViews><sheetView${isFirst ? ' tabSelected="1"' : ''} workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>` +
    `<cols>${widths.join('')}</cols><sheetData><row>${names.join('')}</row>`
  );
}

export function endSheet(columns: readonly Column[], rows: number): string {
  return `</sheetData><autoFilter ref="A1:${letters(columns.length)}${rows}"/></worksheet>`;
}

/** Name of a column by its number, from 1: A, Z, AA. */
function letters(number: number): string {
  const rest = (number - 1) % 26;
  const before = number > 26 ? letters((number - 1 - rest) / 26) : '';
  return before + String.fromCharCode(65 + rest);
}

const widths: Readonly<Record<ColumnType, number>> = {
  text: 24,
  uuid: 38,
  timestamp: 24,
  date: 12,
  integer: 10,
  bigint: 18,
  double: 14,
  boolean: 8,
};

function widthOf({ name, type, words }: Column): number {
  if (/reason|message|description/.test(name)) return 60;
  return words === undefined ? widths[type] : 12;
}
