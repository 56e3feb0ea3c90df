const whole = new Intl.NumberFormat('en-US');
const bytes = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'];

export const formatCount = (count: number): string => whole.format(count);

/** A rate from 0 to 1 as per cent; never rounded up to a whole it is not. */
export function formatRate(rate: number): string {
  const percent = rate * 100;
  const digits =
    percent > 0 && percent < 100 && (percent >= 99 || percent < 1) ? 2 : percent % 1 === 0 ? 0 : 1;
  const factor = 10 ** digits;
  return `${(Math.floor(percent * factor + 1e-9) / factor).toFixed(digits)} %`;
}

/** `4.2 GB`, in thousands. */
export function formatBytes(size: number): string {
  let value = size;
  let unit = 0;
  while (value >= 999.5 && unit < bytes.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${value.toFixed(value >= 99.5 || unit === 0 ? 0 : 1)} ${bytes[unit] ?? ''}`;
}

/** `45 s`, `12 min`, `24 h`, `3 h 05 min`, `4 d 2 h`; of negative ones (clocks differ) too. */
export function formatDuration(seconds: number): string {
  const total = Math.round(Math.abs(seconds));
  const sign = seconds < 0 && total > 0 ? '−' : '';
  if (total < 60) return `${sign}${total} s`;
  const minutes = Math.round(total / 60);
  if (minutes < 60) return `${sign}${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours < 48) return `${sign}${hours} h${rest === 0 ? '' : ` ${String(rest).padStart(2, '0')} min`}`;
  return `${sign}${Math.floor(hours / 24)} d${hours % 24 === 0 ? '' : ` ${hours % 24} h`}`;
}

export const orDash = <T>(value: T | null | undefined, format: (value: T) => string): string =>
  value === null || value === undefined ? '–' : format(value);
