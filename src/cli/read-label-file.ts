import { findLabelFault, type Label } from '../domain/label.ts';
import { restoreText } from '../export/write-csv.ts';

const own = ['source', 'server', 'job', 'computer', 'name', 'value'] as const;

/**
 * The labels of a CSV text: columns source, server, job, computer, name, value in any order, or, in place of name and value, a
 * column for each name of a label. Comma, semicolon or tab, with or without a byte order mark. Empty cells say nothing; an apostrophe
 * that keeps a text from being a formula is none of the text.
 */
export function readLabelFile(
  text: string,
):
  | { readonly labels: readonly (Label & { readonly line: number })[] }
  | { readonly problems: readonly string[] } {
  const [head, ...rows] = parseCsv(text.replace(/^\uFEFF/, ''));
  const columns = (head?.cells ?? []).map((cell) => cell.trim().toLowerCase());
  const names = columns.filter((column) => !(own as readonly string[]).includes(column));
  const problems: string[] = [];
  if (!columns.includes('value') && names.length === 0)
    problems.push(
      'The first line names no labels: there are to be name and value, or a column for each name.',
    );
  if (columns.includes('value') !== columns.includes('name'))
    problems.push('Of name and value, one is missing.');
  if (new Set(columns).size < columns.length) problems.push('The first line names a column twice.');
  const labels: (Label & { line: number })[] = [];
  for (const { line, cells } of problems.length > 0 ? [] : rows) {
    if (cells.every((cell) => cell.trim() === '')) continue;
    if (cells.length > columns.length) problems.push(`Line ${line} has more cells than the first line.`);
    const cell = (name: string) => restoreText(cells[columns.indexOf(name)] ?? '').trim();
    const place = {
      source: cell('source'),
      server: cell('server'),
      job: cell('job'),
      computer: cell('computer'),
      line,
    };
    if (place.source + place.server + place.job + place.computer === '')
      problems.push(`Line ${line} names no source, server, job or computer.`);
    const given = [
      ...(cell('name') === '' && cell('value') === '' ? [] : [[cell('name'), cell('value')] as const]),
      ...names.flatMap((name) => (cell(name) === '' ? [] : [[name, cell(name)] as const])),
    ];
    for (const [name, value] of given) {
      const label = { ...place, name, value };
      const fault = findLabelFault(label);
      if (fault !== undefined) problems.push(`Line ${line}: ${name} ${fault}.`);
      labels.push(label);
    }
  }
  return problems.length > 0 ? { problems } : { labels };
}

type Line = { readonly line: number; readonly cells: readonly string[] };

/** RFC 4180; the separator is whichever the first line has most of. */
function parseCsv(text: string): readonly Line[] {
  const head = /^[^\r\n]*/.exec(text)?.[0] ?? '';
  const count = (separator: string) => head.split(separator).length;
  const separator = [',', ';', '\t'].reduce((best, one) => (count(one) > count(best) ? one : best));
  const lines: Line[] = [];
  let cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  let line = 1;
  let begun = 1;
  const endLine = () => {
    lines.push({ line: begun, cells: [...cells, cell] });
    cells = [];
    cell = '';
    begun = line;
  };
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charAt(at);
    if (letter === '\n') line += 1;
    if (isQuoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else isQuoted = false;
    } else if (letter === '"' && cell === '') isQuoted = true;
    else if (letter === separator) {
      cells.push(cell);
      cell = '';
    } else if (letter === '\n') endLine();
    else if (letter !== '\r') cell += letter;
  }
  if (cell !== '' || cells.length > 0) endLine();
  return lines;
}
