const english = 'en-US';

export const count = (value: number): string => value.toLocaleString(english);
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** 99.95 % is not 100 %: what falls short of everything, or exceeds nothing, never looks like it. */
export function percent(share: number | null, digits = 1): string {
  if (share === null) return '–';
  const smallest = 10 ** -digits;
  const value = share * 100;
  const shown = share < 1 ? Math.min(value, 100 - smallest) : value;
  return `${(share > 0 ? Math.max(shown, smallest) : shown).toLocaleString(english, { minimumFractionDigits: digits, maximumFractionDigits: digits })} %`;
}

const months = 'January February March April May June July August September October November December'.split(
  ' ',
);
export const monthName = (month: string): string =>
  `${months[Number(month.slice(5, 7)) - 1] ?? ''} ${month.slice(0, 4)}`;

/** `31 Oct 2026, 23:59`, in UTC. */
export function moment(time: string | number | null): string {
  if (time === null) return 'never';
  const text = typeof time === 'number' ? new Date(time).toISOString() : time;
  return `${day(text)}, ${text.slice(11, 16)}`;
}

export function day(time: string): string {
  return `${Number(time.slice(8, 10))} ${(months[Number(time.slice(5, 7)) - 1] ?? '').slice(0, 3)} ${time.slice(0, 4)}`;
}

/** Hours while they can be read, then days. */
export function age(hours: number | null): string {
  if (hours === null) return '–';
  if (hours < 96) return `${hours.toLocaleString(english, { maximumFractionDigits: hours < 10 ? 1 : 0 })} h`;
  return counted(Math.round(hours / 24), 'day');
}

/** How long, in the largest unit that fits. */
export function duration(ms: number): string {
  if (ms < 60_000) return counted(Math.max(1, Math.round(ms / 1_000)), 'second');
  if (ms < 7_200_000) return counted(Math.round(ms / 60_000), 'minute');
  if (ms < 172_800_000) return counted(Math.round(ms / 3_600_000), 'hour');
  return counted(Math.round(ms / 86_400_000), 'day');
}
