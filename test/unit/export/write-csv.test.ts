import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { restoreText, writeCell } from '../../../src/export/write-csv.ts';

const awkward = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc
    .array(
      fc.constantFrom(
        '"',
        ',',
        ';',
        '\u00a0',
        '\u200b',
        '\r',
        '\n',
        '=',
        '+',
        '-',
        '@',
        '\t',
        "'",
        '＝',
        'a',
        ' ',
      ),
    )
    .map((parts) => parts.join('')),
);

/** What stands at the beginning of a cell that a spreadsheet runs. */
const runs = /^[\s\u200b]*[=+\-@＝＋－＠]/;
/** What may stand before one, and so behind an apostrophe of ours. */
const armed = /^(?:'*[\t\r\n]|['"\s\u200b]*[=+\-@＝＋－＠])/;

/** Takes away what disarms a text, as docs/api.md says. */
function restore(text: string): string {
  const inner = text.startsWith("'") && armed.test(text.slice(1)) ? text.slice(1) : text;
  return inner.replace(
    /([;\t\r\n])'(?=['"\s\u200b]*[=+\-@＝＋－＠])/g,
    (found, separator: string, at: number) =>
      /^['" \u00a0\u200b]*[=+\-@＝＋－＠]/.test(inner.slice(at + 1)) ? separator : found,
  );
}

it('a CSV library reads back each text, but for the apostrophes that disarm it', () => {
  fc.assert(
    fc.property(fc.array(awkward, { minLength: 2, maxLength: 5 }), (texts) => {
      const [read] = parse(`${texts.map(writeCell).join(',')}\r\n`, {
        relax_quotes: false,
        record_delimiter: '\r\n',
      });
      expect(read?.map(restore)).toEqual(texts);
      expect(read?.map(restoreText)).toEqual(texts);
      for (const cell of read ?? []) expect(cell).not.toMatch(armed.test(cell) ? /^[^']/ : runs);
    }),
    { numRuns: 2_000 },
  );
});

it('a reader that splits at semicolons, tabs or lines, and knows no quotes, finds no formula', () => {
  fc.assert(
    fc.property(fc.array(awkward, { minLength: 2, maxLength: 5 }), (texts) => {
      const line = texts.map(writeCell).join(',');
      for (const separator of [/;/, /\t/, /[\r\n]/])
        for (const cell of line.split(separator)) expect(cell.replace(/^"+/, '')).not.toMatch(runs);
    }),
    { numRuns: 2_000 },
  );
});

it('takes a time that grows with the text and no faster', () => {
  for (const text of ['\n', ';', ' ', "'", '\t=', '; -', ";' "]) {
    expect(writeCell(text.repeat(100_000)).length).toBeGreaterThanOrEqual(text.length * 100_000);
    expect(restoreText(text.repeat(100_000)).length).toBeGreaterThanOrEqual(100_000);
  }
});

it('tells null from an empty text, and leaves numbers alone', () => {
  expect([null, '', -1, 9223372036854775807n, true, 0.5].map(writeCell)).toEqual([
    '',
    '""',
    '-1',
    '9223372036854775807',
    'true',
    '0.5',
  ]);
});
