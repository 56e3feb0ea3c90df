import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeXlsx, type SheetLimits } from '../../../src/export/write-xlsx.ts';
import { columns } from '../../../src/query/columns.ts';
import type { Column } from '../../../src/query/resource.ts';
import type { Row } from '../../../src/query/row.ts';
import { readWorkbook, readZip } from '../../support/read-workbook.ts';

const one = (type: Column['type']): readonly Column[] => [{ name: 'value', type, isNullable: true }];

async function write(table: readonly Column[], rows: readonly Row[], limits?: SheetLimits): Promise<Buffer> {
  // eslint-disable-next-line @typescript-eslint/require-await -- a source that is ready at once
  const batches = (async function* () {
    for (let at = 0; at < rows.length; at += 3) yield rows.slice(at, at + 3);
  })();
  return buffer(writeXlsx([{ name: 'things', columns: table, batches }], limits));
}

const cellOf = async (type: Column['type'], value: Row[number]) => {
  const [sheet] = readWorkbook(await write(one(type), [[value]]));
  return sheet?.rows[1]?.[0];
};

/** As Excel counts: whole days since 30 December 1899, in UTC. */
const momentOf = (serial: string) =>
  new Date(Math.round((Number(serial) - 25_569) * 86_400_000)).toISOString();

describe('a cell', () => {
  it('keeps any text as text, whatever is in it', async () => {
    const character = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.constantFrom(
        '=',
        '+',
        '-',
        '@',
        '_x000D_',
        '_x005F_',
        '<',
        '&',
        '\r',
        '\n',
        '\0',
        '\u001b',
        ' ',
        '😀',
      ),
    );
    const texts = fc.array(
      fc.array(character).map((parts) => parts.join('')),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        const [sheet] = readWorkbook(
          await write(
            one('text'),
            values.map((value) => [value]),
          ),
        );
        const cells = sheet?.rows.slice(1).map(([cell]) => cell) ?? [];
        expect(cells.map((cell) => [cell?.kind, cell?.text])).toEqual(values.map((value) => ['text', value]));
      }),
      { numRuns: 30 },
    );
  });

  it('is marked as text where editing it would make a formula of it', async () => {
    for (const text of ["=cmd|' /C calc'!A0", '+1', '-1', '@SUM(A1)', ' =1', '\t=1', '＝1'])
      expect([text, (await cellOf('text', text))?.style]).toEqual([text, 4]);
    expect((await cellOf('text', 'SQL-BER-01 = ok'))?.style).toBe(0);
    const styles =
      readZip(await write(one('text'), []))
        .get('xl/styles.xml')
        ?.toString() ?? '';
    const formats = styles
      .slice(styles.indexOf('<cellXfs'), styles.indexOf('</cellXfs>'))
      .match(/<xf [^>]*>/g);
    expect(formats?.map((format) => format.includes('quotePrefix="1"'))).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  it('has times and days as dates, exact to a millisecond', async () => {
    const time = fc
      .date({ min: new Date('1900-03-01'), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((date) => date.toISOString());
    await fc.assert(
      fc.asyncProperty(fc.array(time, { maxLength: 20 }), async (times) => {
        const rows = times.map((text) => [text.replace('Z', '659Z')]);
        const [sheet] = readWorkbook(await write(one('timestamp'), rows));
        const read = sheet?.rows.slice(1).map(([cell]) => cell);
        expect(read?.map((cell) => [cell?.kind, cell?.style])).toEqual(times.map(() => ['number', 2]));
        read?.forEach((cell, index) => {
          const distance = Date.parse(momentOf(cell?.text ?? '')) - Date.parse(times[index] ?? '');
          expect([0, 1]).toContain(distance);
        });
      }),
      { numRuns: 30 },
    );
    // As LibreOffice and Excel show it.
    expect(await cellOf('date', '2026-10-31')).toEqual({ kind: 'number', style: 3, text: '46326' });
    expect((await cellOf('timestamp', '2026-10-31T12:00:00.000000Z'))?.text).toBe('46326.5');
  });

  it.each(['0001-01-01', '1899-12-31', '1900-02-28'])(
    'has %s as text: Excel has no such day',
    async (day) => {
      expect(await cellOf('date', day)).toMatchObject({ kind: 'text', text: day });
      const time = `${day}T00:00:00.000000Z`;
      expect(await cellOf('timestamp', time)).toMatchObject({ kind: 'text', text: time });
    },
  );

  it('has numbers as numbers while Excel keeps all their digits, else as text', async () => {
    for (const value of [0, -7, 0.25, 999_999_999_999_999])
      expect(await cellOf('double', value)).toEqual({ kind: 'number', style: 0, text: String(value) });
    for (const value of [9_223_372_036_854_775_807n, 1_000_000_000_000_000n])
      expect(await cellOf('bigint', value)).toMatchObject({ kind: 'text', text: String(value) });
    expect(await cellOf('bigint', 1_000_000_000_000_000)).toMatchObject({ kind: 'text' });
    expect(await cellOf('double', Number.NaN)).toMatchObject({ kind: 'text', text: 'NaN' });
  });

  it('has booleans, nothing for null, and an empty text for ""', async () => {
    expect(await cellOf('boolean', true)).toEqual({ kind: 'boolean', style: 0, text: '1' });
    expect(await cellOf('boolean', false)).toEqual({ kind: 'boolean', style: 0, text: '0' });
    expect(await cellOf('text', null)).toEqual({ kind: 'empty', style: 0, text: '' });
    expect(await cellOf('text', '')).toMatchObject({ kind: 'text', text: '' });
  });

  it('is cut, and says so, where Excel would refuse the file', async () => {
    const long = await cellOf('text', `a${'😀'.repeat(20_000)}`);
    expect(long?.text).toHaveLength(32_766);
    expect(long?.text.endsWith('😀… (cut: a cell holds 32,767 characters)')).toBe(true);
    expect((await cellOf('text', 'a'.repeat(32_767)))?.text).toBe('a'.repeat(32_767));
  });
});

describe('a workbook', () => {
  const table = columns(`
    name text
    created_at timestamp
    failure_reason text?`);

  it('has a bold header that stays in sight, and columns wide enough', async () => {
    const [sheet] = readWorkbook(await write(table, [['PC-1', '2026-10-31T12:00:00.000000Z', null]]));
    expect(sheet?.rows[0]?.map(({ text, style }) => [text, style])).toEqual([
      ['name', 1],
      ['created_at', 1],
      ['failure_reason', 1],
    ]);
    expect(sheet?.xml).toContain(
      '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>',
    );
    expect(
      [...(sheet?.xml ?? '').matchAll(/<col min="(\d)" max="\d" width="(\d+)"/g)].map(([, , w]) => w),
    ).toEqual(['24', '24', '60']);
    expect(sheet?.xml).toContain('<autoFilter ref="A1:C2"/>');
  });

  it.each([
    [9, ['things', 'things 2', 'things 3', 'things 4'], [3, 3, 3, 1]],
    [3, ['things'], [3]],
    [0, ['things'], [0]],
  ])('goes on in another sheet when one is full: %d rows', async (count, names, sizes) => {
    const rows = Array.from({ length: count === 9 ? 10 : count }, (_, index) => [`row ${index}`, null, null]);
    const sheets = readWorkbook(await write(table, rows, { rows: 4, bytes: 1e9 }));
    expect(sheets.map(({ name }) => name)).toEqual(names);
    expect(sheets.map((sheet) => sheet.rows.length - 1)).toEqual(sizes);
    expect(sheets.flatMap((sheet) => sheet.rows.slice(1).map(([cell]) => cell?.text))).toEqual(
      rows.map(([name]) => name),
    );
    for (const sheet of sheets) expect(sheet.rows[0]?.[0]).toMatchObject({ text: 'name', style: 1 });
  });

  it('goes on in another sheet before the XML of one is too long for a ZIP without ZIP64', async () => {
    const rows = Array.from({ length: 12 }, (_, index) => [`row ${index}`, null, null]);
    const sheets = readWorkbook(await write(table, rows, { rows: 1e6, bytes: 100 }));
    expect(sheets.length).toBeGreaterThan(1);
    expect(sheets.flatMap((sheet) => sheet.rows.slice(1))).toHaveLength(12);
  });

  it('has all its parts named in the list of types', async () => {
    const parts = readZip(await write(table, []));
    const types = parts.get('[Content_Types].xml')?.toString() ?? '';
    for (const name of parts.keys())
      expect(
        types.includes(`PartName="/${name}"`) || name.endsWith('.rels') || name === '[Content_Types].xml',
      ).toBe(true);
  });

  it('fails as its rows fail, and lets go of them when nobody reads on', async () => {
    const ended: string[] = [];
    const failing = async function* (error?: Error) {
      try {
        for (;;) {
          yield Array.from({ length: 100 }, (): Row => [randomBytes(99).toString('hex'), null, null]);
          await Promise.resolve();
          if (error !== undefined) throw error;
        }
      } finally {
        ended.push(error?.message ?? 'left');
      }
    };
    await expect(
      buffer(
        writeXlsx([
          { name: 'things', columns: table, batches: failing(new Error('the database went away')) },
        ]),
      ),
    ).rejects.toThrow('the database went away');
    let bytes = 0;
    for await (const chunk of writeXlsx([{ name: 'things', columns: table, batches: failing() }])) {
      bytes += chunk.length;
      if (bytes > 1_000) break;
    }
    expect(ended).toEqual(['the database went away', 'left']);
  });
});
