import type { Span } from '../../api/rows.ts';
import { formatDuration } from '../../format/numbers.ts';
import { formatUtc } from '../../format/time.ts';

export type Stretch = {
  readonly as: 'list' | 'query' | 'gap' | 'open';
  readonly from: string;
  readonly to: string;
  /** From the left end of the drawing, 0 to 100. */
  readonly startPercent: number;
  readonly percent: number;
};

export type Drawn = {
  readonly bars: readonly {
    readonly source: string;
    readonly stretches: readonly Stretch[];
    /** What the bar shows, for those who do not see it. */
    readonly summary: string;
  }[];
  readonly ticks: readonly { readonly label: string; readonly percent: number }[];
};

const dayMs = 86_400_000;
const mostTicks = 6;

/** The spans of all sources on one scale of time, from the first of them to `now` (milliseconds); undefined: there are none. */
export function drawTimeline(
  spans: readonly Pick<Span, 'source' | 'fromAt' | 'toAt' | 'isCovered' | 'via'>[],
  now: number,
): Drawn | undefined {
  if (spans.length === 0) return undefined;
  const begin = Math.min(...spans.map(({ fromAt }) => Date.parse(fromAt)));
  // Clocks differ: the last list may lie ahead.
  const end = Math.max(now, ...spans.map(({ toAt }) => Date.parse(toAt)), begin + 1);
  const at = (time: number) => ((time - begin) / (end - begin)) * 100;
  const draw = (as: Stretch['as'], from: string, to: string): Stretch => ({
    as,
    from,
    to,
    startPercent: at(Date.parse(from)),
    percent: at(Date.parse(to)) - at(Date.parse(from)),
  });
  const bars = [...new Set(spans.map(({ source }) => source))]
    .toSorted((a, b) => a.localeCompare(b))
    .map((source) => {
      const inTime = spans
        .filter((span) => span.source === source)
        .toSorted((a, b) => Date.parse(a.fromAt) - Date.parse(b.fromAt));
      const last = inTime.at(-1)?.toAt ?? '';
      return {
        source,
        stretches: [
          ...inTime.map(({ fromAt, toAt, isCovered, via }) =>
            draw(isCovered ? (via ?? 'list') : 'gap', fromAt, toAt),
          ),
          ...(Date.parse(last) < end ? [draw('open', last, new Date(end).toISOString())] : []),
        ],
        summary: summarize(inTime),
      };
    });
  return { bars, ticks: ticksOf(begin, end).map((time) => ({ label: labelOf(time), percent: at(time) })) };
}

function summarize(inTime: readonly Pick<Span, 'fromAt' | 'toAt' | 'isCovered'>[]): string {
  const gaps = inTime.filter(({ isCovered }) => !isCovered);
  const seconds = gaps.reduce(
    (sum, { fromAt, toAt }) => sum + (Date.parse(toAt) - Date.parse(fromAt)) / 1_000,
    0,
  );
  const whole = `from ${formatUtc(inTime[0]?.fromAt ?? '')} to ${formatUtc(inTime.at(-1)?.toAt ?? '')}`;
  return gaps.length === 0
    ? `read whole ${whole}`
    : `${whole}, but for ${gaps.length} ${gaps.length === 1 ? 'gap' : 'gaps'}, ${formatDuration(seconds)} together`;
}

/** Midnights in UTC, evenly spread. */
function ticksOf(begin: number, end: number): readonly number[] {
  const days = (end - begin) / dayMs;
  const step = [1, 2, 7, 14, 30, 91, 182, 365, 730].find((one) => days / one <= mostTicks) ?? 1_826;
  const first = Math.ceil(begin / dayMs) * dayMs;
  const ticks: number[] = [];
  for (let time = first; time < end; time += step * dayMs) ticks.push(time);
  return ticks;
}

const labelOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
