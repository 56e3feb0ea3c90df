/**
 * An instant in UTC with microseconds: `2026-06-16T06:33:10.659559Z`, always 27 characters, so that string order is
 * time order. A JS Date would cut the microseconds, and with them cursors and comparisons.
 */
export type Timestamp = string & { readonly __timestamp: unique symbol };

const isoPattern =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?\s*(Z|[+-]\d{2}:?\d{2})?$/i;

/**
 * Reads the date forms Enterprise Manager writes: no fraction (9.5), 1 to 7 digits (later), with `Z`, an offset, or
 * nothing. A value without a zone is UTC, never local time. Digits past the microsecond are cut.
 * Returns undefined for anything that is not a real date (30 February, hour 25).
 */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = isoPattern.exec(text.trim());
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const milliseconds = Date.parse(`${local}Z`);
  // Date.parse rolls 30 February over to March; the round trip shows it.
  if (Number.isNaN(milliseconds) || !new Date(milliseconds).toISOString().startsWith(local)) return undefined;
  const shifted = new Date(milliseconds - offsetMinutes(zone) * 60_000);
  if (Number.isNaN(shifted.getTime()) || shifted.getUTCFullYear() < 1 || shifted.getUTCFullYear() > 9999)
    return undefined;
  return `${shifted.toISOString().slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, '0')}Z` as Timestamp;
}

function offsetMinutes(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return zone.startsWith('-') ? -minutes : minutes;
}

/** The same instant from a JS Date, milliseconds being all a Date knows. */
export function timestampFromDate(date: Date): Timestamp {
  return `${date.toISOString().slice(0, -1)}000Z` as Timestamp;
}
