import { memo } from 'preact/compat';
import type { ComputerCalendar, Outcome } from '../api/rows.ts';
import { links } from '../format/links.ts';
import { formatDay } from '../format/time.ts';

const letters: Readonly<Record<string, Outcome>> = {
  s: 'success',
  w: 'warning',
  f: 'failed',
  r: 'running',
  l: 'lost',
  u: 'unknown',
};

export const outcomeOf = (
  calendar: ComputerCalendar,
  column: number,
  days: readonly string[],
): Outcome | undefined => letters[calendar.outcomes90d.at(column - days.length) ?? ''];

export const describeCell = (computer: string, day: string, outcome: Outcome | undefined): string =>
  `${computer}, ${formatDay(day)}: ${outcome ?? 'no run'}`;

export const cellId = (row: number, column: number): string => `cell-${row}-${column}`;

/** A computer and its days. Drawn again only when something of it changed: there are thousands of cells. */
export const HeatRow = memo(function HeatRow(props: {
  readonly calendar: ComputerCalendar;
  readonly index: number;
  readonly top: number;
  /** The days shown, the oldest first. */
  readonly days: readonly string[];
  readonly activeColumn: number | undefined;
  readonly showsSource: boolean;
}) {
  const { calendar, index, days, activeColumn } = props;
  const { source, computer } = calendar;
  return (
    <div
      class="heat-row"
      role="row"
      aria-rowindex={index + 2}
      style={{ transform: `translateY(${props.top}px)` }}
      data-row={index}
    >
      <span role="rowheader" class={calendar.isOverdue ? 'heat-name overdue' : 'heat-name'}>
        <a
          href={links.computer(source, computer)}
          tabIndex={-1}
          title={props.showsSource ? `${computer} (${source})` : computer}
        >
          {computer}
        </a>
      </span>
      {days.map((day, column) => {
        const outcome = outcomeOf(calendar, column, days);
        return (
          <span
            key={day}
            id={cellId(index, column)}
            role="gridcell"
            aria-colindex={column + 2}
            aria-label={describeCell(computer, day, outcome)}
            class={`cell ${outcome ?? 'none'}${column === activeColumn ? ' active' : ''}`}
            data-column={column}
          />
        );
      })}
    </div>
  );
});
