import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longest, parseValue } from '../../../src/query/parse-value.ts';
import type { ColumnType } from '../../../src/query/resource.ts';

const read = (type: ColumnType, text: string) => {
  const parsed = parseValue({ type }, text);
  return 'value' in parsed ? parsed.value : `wrong: ${parsed.wrong}`;
};
const id = '0C5E4D9B-0f8a-4a5c-9d35-6a2c1f0e7a11';
const day = '2026-06-16';
const midnight = '2026-06-16T00:00:00.000000Z';
const morning = '2026-06-16T06:33:00.000000Z';

describe('reads', () => {
  it.each<[ColumnType, string, string]>([
    ['text', ' as it is ', ' as it is '],
    ['text', '', ''],
    ['text', 'x'.repeat(longest), 'x'.repeat(longest)],
    ['uuid', id, id.toLowerCase()],
    ['boolean', 'true', 'true'],
    ['boolean', 'false', 'false'],
    ['timestamp', day, midnight],
    ['timestamp', '2026-06-16T06:33:10.659559Z', '2026-06-16T06:33:10.659559Z'],
    ['timestamp', '2026-06-16T06:33', morning],
    ['timestamp', '2026-06-16t06:33z', morning],
    ['timestamp', '2026-06-16T08:33+02:00', morning],
    ['timestamp', '2026-06-16T04:33-0200', morning],
    // A plus sign that became a space on its way.
    ['timestamp', '2026-06-16T08:33:00 02:00', morning],
    ['timestamp', '2026-06-16T08:33:00 0200', morning],
    ['timestamp', '2026-06-16 06:33:00', morning],
    ['date', day, day],
    ['date', '2024-02-29', '2024-02-29'],
    ['integer', '0', '0'],
    ['integer', '-2147483647', '-2147483647'],
    ['integer', '2147483647', '2147483647'],
    ['bigint', '9223372036854775807', '9223372036854775807'],
    ['bigint', '-9223372036854775808', '-9223372036854775808'],
    ['double', '1', '1'],
    ['double', '-0.5', '-0.5'],
    ['double', '1.7e308', '1.7e308'],
    ['double', '2e-3', '2e-3'],
    ['double', '2e+3', '2e+3'],
    ['double', '0.000e9', '0.000e9'],
    ['double', `1${'0'.repeat(300)}`, `1${'0'.repeat(300)}`],
  ])('%s %j', (type, text, value) => {
    expect(read(type, text)).toBe(value);
  });
});

const noTime = 'wrong: is no time such as 2026-06-16T06:33:10.659559Z or 2026-06-16';
const noDay = 'wrong: is no day such as 2026-06-16';
const noWhole = 'wrong: is no whole number';
const noNumber = 'wrong: is no number';

describe('refuses', () => {
  it.each<[ColumnType, string, string]>([
    ['text', 'x'.repeat(longest + 1), `wrong: is longer than ${longest} characters`],
    ['text', 'a\0b', 'wrong: holds a NUL character'],
    ['uuid', `${id}0`, 'wrong: is no UUID'],
    ['uuid', `0${id}`, 'wrong: is no UUID'],
    ['uuid', id.replace('0C', 'g'), 'wrong: is no UUID'],
    ['uuid', '', 'wrong: is no UUID'],
    ['boolean', 'True', 'wrong: is neither true nor false'],
    ['boolean', '1', 'wrong: is neither true nor false'],
    ['timestamp', '2026-04-31', noTime],
    ['timestamp', '2026-06-31T00:00:00Z', noTime],
    ['timestamp', `x${day}`, noTime],
    ['timestamp', `${day}x`, noTime],
    ['timestamp', '', noTime],
    ['timestamp', '2026-06-16T06', noTime],
    ['date', '2026-04-31', noDay],
    ['date', '2026-02-29', noDay],
    ['date', '2026-6-16', noDay],
    ['date', `x${day}`, noDay],
    ['date', `${day}T00:00:00Z`, noDay],
    ['integer', '2147483648', noWhole],
    ['integer', '-2147483648', noWhole],
    ['integer', '1.0', noWhole],
    ['integer', '12345678901', noWhole],
    ['integer', 'x1', noWhole],
    ['integer', '1x', noWhole],
    ['integer', '--1', noWhole],
    ['integer', '', noWhole],
    ['bigint', '9223372036854775808', noWhole],
    ['bigint', '-9223372036854775809', noWhole],
    ['bigint', '12345678901234567890', noWhole],
    ['bigint', 'x1', noWhole],
    ['bigint', '1x', noWhole],
    ['bigint', '', noWhole],
    ['double', '1e309', noNumber],
    ['double', '1e-400', noNumber],
    ['double', '0.1e-999', noNumber],
    ['double', 'NaN', noNumber],
    ['double', 'Infinity', noNumber],
    ['double', '1.', noNumber],
    ['double', '.5', noNumber],
    ['double', 'x1', noNumber],
    ['double', '1x', noNumber],
    ['double', '1e1234', noNumber],
    ['double', '', noNumber],
  ])('%s %j', (type, text, wrong) => {
    expect(read(type, text)).toBe(wrong);
  });
});

it('takes of words those that there are, whatever the type', () => {
  const words = ['job', 'computer'];
  expect(parseValue({ type: 'text', words }, 'job')).toEqual({ value: 'job' });
  expect(parseValue({ type: 'text', words }, 'Job')).toEqual({ wrong: 'is none of job, computer' });
  expect(parseValue({ type: 'text', words }, '')).toEqual({ wrong: 'is none of job, computer' });
});

it('takes every day of the calendar, and no other', () => {
  const two = (value: number) => String(value).padStart(2, '0');
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9_999 }),
      fc.integer({ min: 0, max: 14 }),
      fc.integer({ min: 0, max: 32 }),
      (year, month, date) => {
        const text = `${String(year).padStart(4, '0')}-${two(month)}-${two(date)}`;
        const real = new Date(`${text}T00:00:00Z`);
        const isReal = !Number.isNaN(real.getTime()) && real.toISOString().startsWith(text);
        expect([text, read('date', text)]).toEqual([text, isReal ? text : noDay]);
        expect([text, read('timestamp', text)]).toEqual([text, isReal ? `${text}T00:00:00.000000Z` : noTime]);
      },
    ),
    { numRuns: 2_000 },
  );
});
