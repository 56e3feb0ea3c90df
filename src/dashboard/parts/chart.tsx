import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useTheme } from './theme.ts';
import { useWidth } from './use-width.ts';

/** Reads a colour of the style sheet. */
export type Colour = (name: string) => string;

export type ChartPlan = {
  readonly data: uPlot.AlignedData;
  readonly options: (colour: Colour) => Omit<uPlot.Options, 'width' | 'height'>;
};

/** A chart of times, and the same as a table for those who do not see it. */
export function Chart(props: {
  readonly label: string;
  readonly plan: ChartPlan;
  readonly height?: number;
  readonly table: ComponentChildren;
}) {
  const { plan, height = 220 } = props;
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const theme = useTheme();
  useEffect(() => {
    const element = place.current;
    if (element === null || width === 0) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
    const chart = new uPlot({ ...plan.options(colour), width, height }, plan.data, element);
    return () => chart.destroy();
  }, [plan, width, height, theme]);
  return (
    <figure class="chart">
      <div ref={place} role="img" aria-label={props.label} />
      <details>
        <summary>As a table</summary>
        {props.table}
      </details>
    </figure>
  );
}

/** Where an axis on the right stands. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the package has this enum in its types only
export const right = 1 as uPlot.Axis.Side;

/** Lines and words of an axis, in the colours of the page. */
export function axis(colour: Colour, more: Partial<uPlot.Axis> = {}): uPlot.Axis {
  return {
    stroke: colour('dim'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { stroke: colour('line'), width: 1 },
    font: '12px system-ui, sans-serif',
    ...more,
  };
}
