import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTimestamp, timestampFromDate } from '../../../src/domain/timestamp.ts';

describe('parseTimestamp', () => {
  it.each([
    ['2018-12-20T14:30:29Z', '2018-12-20T14:30:29.000000Z'],
    ['2018-12-20 14:30:29', '2018-12-20T14:30:29.000000Z'],
    ['2026-06-16T06:33:10.659559Z', '2026-06-16T06:33:10.659559Z'],
    ['2020-02-29T23:59:59.62Z', '2020-02-29T23:59:59.620000Z'],
    ['2020-02-29T23:59:59.1234567Z', '2020-02-29T23:59:59.123456Z'],
    ['2026-06-16T08:33:10.5+02:00', '2026-06-16T06:33:10.500000Z'],
    ['2026-06-16T00:33:10-0130', '2026-06-16T02:03:10.000000Z'],
    ['2026-06-16T06:33:10,25Z', '2026-06-16T06:33:10.250000Z'],
    ['2026-06-16T06:33Z', '2026-06-16T06:33:00.000000Z'],
    ['2026-06-16T06:33+02', '2026-06-16T04:33:00.000000Z'],
    ['2026-12-31T24:00:00Z', '2027-01-01T00:00:00.000000Z'],
    ['2024-02-28T24:00', '2024-02-29T00:00:00.000000Z'],
    ['2016-12-31T23:59:60.5Z', '2017-01-01T00:00:00.500000Z'],
    ['2026-01-01T00:00:00.123456789123Z', '2026-01-01T00:00:00.123456Z'],
    ['0001-01-01T00:00:00', '0001-01-01T00:00:00.000000Z'],
  ])('reads %s', (text, expected) => expect(parseTimestamp(text)).toBe(expected));

  it('reads a value without a zone as UTC, whatever the local zone', () => {
    expect(parseTimestamp('2025-08-15T06:00:00')).toBe('2025-08-15T06:00:00.000000Z');
  });

  it.each([
    '',
    'yesterday',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T25:00:00Z',
    '2026-01-01',
    '0000-01-01T00:00:00Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00-01:60',
    '2026-04-31T00:00:00Z',
    '2026-01-01T24:00:01Z',
    '2026-01-01T24:00:00.1Z',
    '2026-01-01T00:00:61Z',
    '2026-01-01T00:60:00Z',
    '9999-12-31T24:00:00Z',
    '0001-01-01T00:00:00+01:00',
  ])('refuses %j', (text) => expect(parseTimestamp(text)).toBeUndefined());

  it('gives every instant back to the microsecond', () => {
    const range = {
      min: new Date('0001-01-02T00:00:00Z'),
      max: new Date('9999-12-30T00:00:00Z'),
      noInvalidDate: true,
    };
    fc.assert(
      fc.property(fc.date(range), fc.integer({ min: 0, max: 999 }), (date, micros) => {
        const text = timestampFromDate(date).replace('000Z', `${String(micros).padStart(3, '0')}Z`);
        expect(parseTimestamp(text)).toBe(text);
      }),
    );
  });
});
