/**
 * An instant in UTC with microseconds: `2026-06-16T06:33:10.659559Z`, always 27 characters, so that string order is
 * time order. A JS Date would cut the microseconds, and with them cursors and comparisons.
 */
export type Timestamp = string & { readonly __timestamp: unique symbol };

const isoPattern =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/**
 * Reads the date forms Enterprise Manager writes, and what other writers of ISO 8601 do: any number of decimals after a
 * point or comma, seconds or none, `Z`, an offset, or nothing. A value without a zone is UTC, never local time. 24:00 is
 * the next midnight, second 60 the next minute. Digits past the microsecond are cut.
 * Returns undefined for anything that is not a real date (30 February, hour 25).
 */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = isoPattern.exec(text.trim());
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '00', fraction = ''] = match;
  const zone = match[8] ?? 'Z';
  if (
    year === '0000' ||
    Number(month) < 1 ||
    Number(day) < 1 ||
    Number(day) > daysIn(Number(year), Number(month))
  )
    return undefined;
  const isMidnight = hour === '24' && minute === '00' && second === '00' && !/[1-9]/.test(fraction);
  if ((Number(hour) > 23 && !isMidnight) || Number(minute) > 59 || Number(second) > 60) return undefined;
  const micros = fraction.slice(0, 6).padEnd(6, '0');
  const isLeap = second === '60';
  const local = `${year}-${month}-${day}T${isMidnight ? '00' : hour}:${minute}:${isLeap ? '59' : second}`;
  const isUtc = zone === 'Z' || zone === 'z';
  if (isUtc && !isMidnight && !isLeap) return `${local}.${micros}Z` as Timestamp;
  const offset = isUtc ? 0 : offsetMinutes(zone);
  if (offset === undefined) return undefined;
  const carryMs = (isMidnight ? 86_400_000 : 0) + (isLeap ? 1_000 : 0);
  const shifted = new Date(Date.parse(`${local}Z`) + carryMs - offset * 60_000);
  if (shifted.getUTCFullYear() < 1 || shifted.getUTCFullYear() > 9999) return undefined;
  return `${shifted.toISOString().slice(0, 19)}.${micros}Z` as Timestamp;
}

/** 0 for a month that does not exist. */
function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month > 12 ? 0 : [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function offsetMinutes(zone: string): number | undefined {
  const hours = Number(zone.slice(1, 3));
  const rest = zone.length > 3 ? Number(zone.slice(-2)) : 0;
  if (hours > 23 || rest > 59) return undefined;
  const minutes = hours * 60 + rest;
  return zone.startsWith('-') ? -minutes : minutes;
}

/** The same instant from a JS Date, milliseconds being all a Date knows. */
export function timestampFromDate(date: Date): Timestamp {
  return `${date.toISOString().slice(0, -1)}000Z` as Timestamp;
}
