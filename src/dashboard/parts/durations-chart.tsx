import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Session } from '../api/rows.ts';
import { formatBytes, formatDuration, orDash } from '../format/numbers.ts';
import { formatLocal } from '../format/time.ts';
import { axis, Chart, right, type ChartPlan } from './chart.tsx';
import { DataTable } from './data-table.tsx';
import { OutcomeBadge } from './outcome.tsx';
import { Time } from './time.tsx';

const formatTime = (seconds: number | null): string =>
  orDash(seconds, (time) => formatLocal(new Date(time * 1_000).toISOString()));

/** How long sessions took, and how much they read, in the order of time. */
export function DurationsChart({ sessions }: { readonly sessions: readonly Session[] }) {
  const inTime = useMemo(() => [...sessions].reverse(), [sessions]);
  const hasSizes = inTime.some(({ processedBytes }) => processedBytes !== null);
  const plan = useMemo<ChartPlan>(
    () => ({
      data: [
        inTime.map(({ createdAt }) => Date.parse(createdAt) / 1_000),
        inTime.map(({ durationSeconds }) => durationSeconds),
        inTime.map(({ processedBytes }) => processedBytes),
        inTime.map(({ durationSeconds, outcome }) => (outcome === 'failed' ? durationSeconds : null)),
      ],
      options: (colour) => ({
        scales: {
          y: { range: (_u, _min, max) => [0, Math.max(1, max * 1.1)] },
          bytes: { range: (_u, _min, max) => [0, Math.max(1, max * 1.1)] },
        },
        cursor: { drag: { x: false, y: false } },
        axes: [
          axis(colour, { grid: { show: false } }),
          axis(colour, {
            size: 84,
            incrs: [10, 30, 60, 300, 600, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400, 604_800],
            values: (_u, all) => all.map((seconds) => formatDuration(seconds)),
          }),
          axis(colour, {
            show: hasSizes,
            scale: 'bytes',
            side: right,
            size: 64,
            grid: { show: false },
            values: (_u, all) => all.map((size) => formatBytes(size)),
          }),
        ],
        series: [
          {
            label: 'Started',
            value: (_u, time) => formatTime(time),
          },
          {
            label: 'duration',
            stroke: colour('accent'),
            width: 2,
            value: (_u: uPlot, seconds: number | null) => orDash(seconds, formatDuration),
          },
          {
            label: 'size',
            show: hasSizes,
            scale: 'bytes',
            stroke: colour('lost'),
            width: 1.5,
            dash: [5, 4],
            value: (_u: uPlot, size: number | null) => orDash(size, formatBytes),
          },
          {
            label: 'failed',
            stroke: colour('failed'),
            width: 0,
            points: { show: true, size: 9, fill: colour('failed') },
            value: (_u: uPlot, seconds: number | null) => orDash(seconds, formatDuration),
          },
        ],
      }),
    }),
    [inTime, hasSizes],
  );
  return (
    <Chart
      label={`Durations and sizes of the last ${inTime.length} sessions`}
      plan={plan}
      table={
        <DataTable
          caption="Durations and sizes"
          rows={sessions}
          rowKey={({ sessionId }) => sessionId}
          columns={[
            { title: 'Started', cell: ({ createdAt }) => <Time at={createdAt} /> },
            { title: 'Outcome', cell: ({ outcome }) => <OutcomeBadge outcome={outcome} /> },
            {
              title: 'Duration',
              isNumber: true,
              cell: ({ durationSeconds }) => orDash(durationSeconds, formatDuration),
            },
            {
              title: 'Size',
              isNumber: true,
              cell: ({ processedBytes }) => orDash(processedBytes, formatBytes),
            },
          ]}
        />
      }
    />
  );
}
