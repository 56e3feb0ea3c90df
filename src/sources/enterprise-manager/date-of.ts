import { timestampFromDate, type Timestamp } from '../../domain/timestamp.ts';

const httpDate =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Milliseconds, ten years: a clock that is further off than that is none, and a history would be covered until then. */
const mostOff = 10 * 365 * 86_400_000;

/** EM's clock when it answered, else ours. */
export function dateOf(header: string | undefined): Timestamp {
  const text = header?.trim() ?? '';
  const time = httpDate.test(text) ? Date.parse(text) : Number.NaN;
  const now = Date.now();
  return timestampFromDate(new Date(Math.abs(time - now) < mostOff ? time : now));
}
