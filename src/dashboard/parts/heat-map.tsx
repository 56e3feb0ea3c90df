import { useLocation } from 'preact-iso';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ComputerCalendar } from '../api/rows.ts';
import { links } from '../format/links.ts';
import { addDays, formatDay } from '../format/time.ts';
import { stateOf } from './computer-state.tsx';
import { cellId, describeCell, HeatRow, outcomeOf } from './heat-row.tsx';
import { useVirtualRows } from './use-virtual-rows.ts';
import { useWidth } from './use-width.ts';

const rowPx = 18;
const mostDays = 90;
/** However young the history is. */
const leastDays = 28;
/** A cell narrower than this shows no shape; older days are left out instead. */
const leastCellPx = 9;

type Place = { readonly row: number; readonly column: number };

/**
 * Computers by days, coloured and shaped by outcome. A grid with one tab stop: arrow keys go from cell to cell, Enter shows the
 * sessions behind one. Only rows in view are in the page; `onEnd` asks for more of them.
 */
export function HeatMap(props: {
  readonly rows: readonly ComputerCalendar[];
  readonly total: number;
  readonly onEnd: () => void;
}) {
  const { rows, total, onEnd } = props;
  const { route } = useLocation();
  const frame = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<Place | undefined>(undefined);
  const [pointed, setPointed] = useState<Place | undefined>(undefined);
  const width = useWidth(frame);
  const { items, totalPx, scrollTo } = useVirtualRows(body, { count: rows.length, rowPx });

  const lastDay = rows[0]?.lastDay ?? '';
  const nameWidth = width < 600 ? 116 : 190;
  const known = useMemo(() => countDays(rows), [rows]);
  const room = Math.floor((width - nameWidth - 16) / leastCellPx);
  const shown = Math.max(7, Math.min(Math.max(known, leastDays), room));
  const days = useMemo(
    () => Array.from({ length: shown }, (_, index) => addDays(lastDay, index - shown + 1)),
    [lastDay, shown],
  );
  const showsSource = useMemo(() => new Set(rows.map(({ source }) => source)).size > 1, [rows]);
  const lastInView = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length < total && lastInView > rows.length - 40) onEnd();
  }, [lastInView, rows.length, total, onEnd]);

  const open = ({ row, column }: Place) => {
    const [calendar, day] = [rows[row], days[column]];
    if (calendar === undefined || day === undefined) return;
    const { source, computer } = calendar;
    route(
      links.sessions({ source, computer, kind: 'computer', createdFrom: day, createdTo: addDays(day, 1) }),
    );
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const { row, column } = active ?? { row: 0, column: days.length - 1 };
    const target = { ...moves[event.key]?.({ row, column }, { rows: rows.length, days: days.length }) };
    if (event.key === 'Enter') open({ row, column });
    else if (target.row === undefined || target.column === undefined) return;
    else {
      setActive({ row: target.row, column: target.column });
      scrollTo(target.row);
    }
    event.preventDefault();
  };
  const placeOf = (event: Event): Place | undefined => {
    const cell = (event.target as Element).closest<HTMLElement>('[data-column]');
    const row = cell?.closest<HTMLElement>('[data-row]');
    if (cell === null || row === null || row === undefined) return undefined;
    return { row: Number(row.dataset['row']), column: Number(cell.dataset['column']) };
  };
  const told = pointed ?? active;
  const toldRow = told === undefined ? undefined : rows[told.row];

  return (
    <div class="heat" ref={frame} style={{ '--days': String(shown), '--name': `${nameWidth}px` }}>
      <div
        role="grid"
        tabIndex={0}
        aria-label={`Outcome of each of the last ${shown} days for ${total} computers. Arrow keys move, Enter shows the sessions.`}
        aria-rowcount={total + 1}
        aria-colcount={shown + 1}
        aria-activedescendant={active === undefined ? undefined : cellId(active.row, active.column)}
        onKeyDown={onKeyDown}
        onFocus={() => setActive((now) => now ?? { row: items[0]?.index ?? 0, column: days.length - 1 })}
      >
        <div role="rowgroup">
          <div class="heat-head" role="row" aria-rowindex={1}>
            <span role="columnheader">Computer</span>
            {days.map((day) => (
              <span key={day} role="columnheader" aria-label={formatDay(day)}>
                {isLabelled(day) && <span class="month">{formatDay(day).slice(4)}</span>}
              </span>
            ))}
          </div>
        </div>
        <div
          class="heat-body"
          role="rowgroup"
          ref={body}
          onClick={(event) => {
            const place = placeOf(event);
            if (place !== undefined) open(place);
          }}
          onMouseOver={(event) => setPointed(placeOf(event))}
          onMouseLeave={() => setPointed(undefined)}
        >
          <div role="presentation" style={{ height: `${totalPx}px`, position: 'relative' }}>
            {items.map(({ index, start }) => {
              const calendar = rows[index];
              return (
                calendar !== undefined && (
                  <HeatRow
                    key={`${calendar.source} ${calendar.computer}`}
                    calendar={calendar}
                    index={index}
                    top={start}
                    days={days}
                    activeColumn={active?.row === index ? active.column : undefined}
                    showsSource={showsSource}
                  />
                )
              );
            })}
          </div>
        </div>
      </div>
      <p class="heat-told" aria-hidden="true">
        {told !== undefined && toldRow !== undefined
          ? describeCell(
              showsSource ? `${toldRow.computer} (${toldRow.source})` : toldRow.computer,
              days[told.column] ?? '',
              outcomeOf(toldRow, told.column, days),
            )
          : `${shown} days in UTC, today on the right. Choose a cell for the sessions behind it.`}
      </p>
      <ul class="legend" aria-label="Signs">
        {(['success', 'warning', 'failed', 'running', 'lost', 'unknown', 'none'] as const).map((outcome) => (
          <li key={outcome}>
            <span class={`cell ${outcome}`} aria-hidden="true" /> {outcome === 'none' ? 'no run' : outcome}
          </li>
        ))}
        {(['overdue', 'missed'] as const)
          .filter((state) => rows.some((row) => !row.isMuted && stateOf(row) === state))
          .map((state) => (
            <li key={state}>
              <span class={`mark ${state}`} aria-hidden="true" />
              {state === 'missed' ? 'missed the last backup' : state}
            </li>
          ))}
        {rows.some(({ isMuted }) => isMuted) && (
          <li>
            <i>muted</i>
          </li>
        )}
      </ul>
    </div>
  );
}

/** Mondays. */
const isLabelled = (day: string): boolean => (Date.parse(`${day}T00:00:00Z`) / 86_400_000 + 3) % 7 === 0;

/** From the first day that anything is known of. */
function countDays(rows: readonly ComputerCalendar[]): number {
  let first = mostDays;
  for (const { outcomes90d } of rows) {
    const at = outcomes90d.search(/[^-]/);
    if (at >= 0 && at < first) first = at;
  }
  return mostDays - first;
}

type Size = { readonly rows: number; readonly days: number };
const within = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
const moves: Readonly<Record<string, ((from: Place, size: Size) => Place) | undefined>> = {
  ArrowUp: ({ row, column }, { rows }) => ({ row: within(row - 1, rows), column }),
  ArrowDown: ({ row, column }, { rows }) => ({ row: within(row + 1, rows), column }),
  ArrowLeft: ({ row, column }, { days }) => ({ row, column: within(column - 1, days) }),
  ArrowRight: ({ row, column }, { days }) => ({ row, column: within(column + 1, days) }),
  PageUp: ({ row, column }, { rows }) => ({ row: within(row - 20, rows), column }),
  PageDown: ({ row, column }, { rows }) => ({ row: within(row + 20, rows), column }),
  Home: ({ row }) => ({ row, column: 0 }),
  End: ({ row }, { days }) => ({ row, column: days - 1 }),
};
