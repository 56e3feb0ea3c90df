import { useMemo } from 'preact/hooks';
import uPlot from 'uplot';
import type { DayOutcomes } from '../api/rows.ts';
import { formatBytes, formatCount, formatRate, orDash } from '../format/numbers.ts';
import { addDays, formatDay } from '../format/time.ts';
import { axis, Chart, right, type ChartPlan, type Colour } from './chart.tsx';
import { DataTable } from './data-table.tsx';

type Day = { readonly day: string; readonly outcomes: DayOutcomes | undefined };

/** Share of success and warning among what is decided, as everywhere. */
const rateOf = (day: DayOutcomes | undefined): number | null => {
  if (day === undefined) return null;
  const decided = day.success + day.warning + day.failed;
  return decided === 0 ? null : (day.success + day.warning) / decided;
};

const stack = ['success', 'warning', 'failed', 'lost', 'running'] as const;

/** The runs of each day by outcome, one on the other, and the success rate above them. */
export function OutcomesChart(props: {
  readonly rows: readonly DayOutcomes[];
  readonly from: string;
  readonly days: number;
}) {
  const { rows, from, days } = props;
  const told = useMemo<readonly Day[]>(() => {
    const byDay = new Map(rows.map((row) => [row.day, row]));
    const all = Array.from({ length: days }, (_, index) => {
      const day = addDays(from, index);
      return { day, outcomes: byDay.get(day) };
    });
    // A young history fills the picture as well.
    const first = all.findIndex(({ outcomes }) => outcomes !== undefined);
    return all.slice(Math.max(0, Math.min(first, days - 28)));
  }, [rows, from, days]);
  const plan = useMemo(() => planOf(told), [told]);
  const bytes = useMemo(() => planOfBytes(told), [told]);
  const table = (
    <DataTable
      caption="Runs a day"
      rows={told.filter(({ outcomes }) => outcomes !== undefined).reverse()}
      rowKey={({ day }) => day}
      columns={[
        { title: 'Day (UTC)', cell: ({ day }) => formatDay(day) },
        {
          title: 'Success rate',
          isNumber: true,
          cell: ({ outcomes }) => orDash(rateOf(outcomes), formatRate),
        },
        ...stack.map((name) => ({
          title: name,
          isNumber: true,
          cell: ({ outcomes }: Day) => formatCount(outcomes?.[name] ?? 0),
        })),
        {
          title: 'Size',
          isNumber: true,
          cell: ({ outcomes }) => orDash(outcomes?.processedBytesSum, formatBytes),
        },
      ]}
    />
  );
  return (
    <>
      <Chart
        label={`Runs a day by outcome, and success rate, of ${told.length} days`}
        plan={plan}
        table={table}
      />
      <Chart label={`Size backed up a day, of ${told.length} days`} plan={bytes} table={table} height={150} />
    </>
  );
}

const seconds = (day: string) => Date.parse(`${day}T00:00:00Z`) / 1_000;
const inUtc = (time: number) => uPlot.tzDate(new Date(time * 1_000), 'Etc/UTC');
const dayOf = (_: uPlot, time: number | null) =>
  time === null ? '–' : formatDay(new Date(time * 1_000).toISOString().slice(0, 10));
const bars = (): Pick<uPlot.Series, 'paths'> => {
  const paths = uPlot.paths.bars?.({ size: [0.8, 40], gap: 1 });
  return paths === undefined ? {} : { paths };
};
const axisDays = (colour: Colour) =>
  axis(colour, {
    grid: { show: false },
    values: (_u, days) => days.map((time) => dayOf(_u, time).slice(4)),
    incrs: [1, 2, 7, 14, 28].map((count) => count * 86_400),
    space: 70,
  });

function planOf(told: readonly Day[]): ChartPlan {
  const counts = stack.map((name) => told.map(({ outcomes }) => outcomes?.[name] ?? 0));
  // Drawn from the back: each bar reaches up to the sum of those below it and itself.
  const sums = counts.map((_, index) =>
    told.map((_day, at) => counts.slice(0, index + 1).reduce((sum, series) => sum + (series[at] ?? 0), 0)),
  );
  return {
    data: [
      told.map(({ day }) => seconds(day)),
      ...sums.toReversed(),
      told.map(({ outcomes }) => rateOf(outcomes)),
    ],
    options: (colour) => ({
      tzDate: inUtc,
      scales: { y: { range: (_u, _min, max) => [0, Math.max(1, max * 1.25)] }, rate: { range: [0, 1.02] } },
      cursor: { points: { show: false }, drag: { x: false, y: false } },
      axes: [
        axisDays(colour),
        axis(colour, { size: 56 }),
        axis(colour, {
          scale: 'rate',
          side: right,
          size: 56,
          grid: { show: false },
          values: (_u, all) => all.map((rate) => `${Math.round(rate * 100)} %`),
        }),
      ],
      series: [
        { label: 'Day (UTC)', value: dayOf },
        ...stack.toReversed().map((name, reversed) => ({
          label: name,
          fill: colour(name),
          stroke: colour(name),
          width: 0,
          ...bars(),
          points: { show: false },
          value: (_u: uPlot, _v: number | null, _s: number, at: number | null) =>
            at === null ? '–' : formatCount(counts[stack.length - 1 - reversed]?.[at] ?? 0),
        })),
        {
          label: 'success rate',
          scale: 'rate',
          stroke: colour('text'),
          width: 2,
          spanGaps: true,
          points: { show: false },
          value: (_u: uPlot, rate: number | null) => orDash(rate, formatRate),
        },
      ],
    }),
  };
}

function planOfBytes(told: readonly Day[]): ChartPlan {
  return {
    data: [told.map(({ day }) => seconds(day)), told.map(({ outcomes }) => outcomes?.processedBytesSum ?? 0)],
    options: (colour) => ({
      tzDate: inUtc,
      scales: { y: { range: (_u, _min, max) => [0, Math.max(1, max * 1.1)] } },
      cursor: { points: { show: false }, drag: { x: false, y: false } },
      axes: [
        axisDays(colour),
        axis(colour, { size: 56, values: (_u, all) => all.map((size) => formatBytes(size)) }),
      ],
      series: [
        { label: 'Day (UTC)', value: dayOf },
        {
          label: 'size',
          fill: colour('accent'),
          stroke: colour('accent'),
          width: 0,
          ...bars(),
          points: { show: false },
          value: (_u: uPlot, size: number | null) => orDash(size, formatBytes),
        },
      ],
    }),
  };
}
