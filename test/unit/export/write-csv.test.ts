import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { writeCell } from '../../../src/export/write-csv.ts';

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

const formula = /^([\t\r\n]|[\s\u200b]*[=+\-@＝＋－＠])/;

it('a CSV library reads back each text, but for the apostrophe that disarms it', () => {
  fc.assert(
    fc.property(fc.array(awkward, { minLength: 2, maxLength: 5 }), (texts) => {
      const [read] = parse(`${texts.map(writeCell).join(',')}\r\n`, {
        relax_quotes: false,
        record_delimiter: '\r\n',
      });
      expect(read).toEqual(texts.map((text) => (formula.test(text) ? `'${text}` : text)));
      for (const cell of read ?? []) expect(cell).not.toMatch(formula);
    }),
  );
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
