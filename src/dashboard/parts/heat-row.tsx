import { memo } from 'preact/compat';
import type { ComputerCalendar, Outcome } from '../api/rows.ts';
import { links } from '../format/links.ts';
import { formatDay } from '../format/time.ts';
import { stateOf } from './computer-state.tsx';

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
  const state = stateOf(calendar);
  const told = [state, calendar.isMuted && 'muted'].filter((one) => typeof one === 'string').join(', ');
  return (
    <div
      class="heat-row"
      role="row"
      aria-rowindex={index + 2}
      style={{ transform: `translateY(${props.top}px)` }}
      data-row={index}
    >
      <span role="rowheader" class={`heat-name ${calendar.isMuted ? 'muted' : (state ?? '')}`}>
        <a
          href={links.computer(source, computer)}
          tabIndex={-1}
          title={[props.showsSource ? `${computer} (${source})` : computer, told]
            .filter((one) => one !== '')
            .join(': ')}
        >
          {computer}
        </a>
        {told !== '' && <span class="hidden">{told}</span>}
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
