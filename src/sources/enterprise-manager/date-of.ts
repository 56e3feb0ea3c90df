import { timestampFromDate, type Timestamp } from '../../domain/timestamp.ts';

const httpDate =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** EM's clock when it answered, else ours. */
export function dateOf(header: string | undefined): Timestamp {
  const text = header?.trim() ?? '';
  const time = httpDate.test(text) ? Date.parse(text) : Number.NaN;
  return timestampFromDate(Number.isNaN(time) ? new Date() : new Date(time));
}
