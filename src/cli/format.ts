/** Figures for people. */
export const count = (value: number): string => value.toLocaleString('en-US');

export function bytes(value: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  let unit = 0;
  let rest = value;
  while (rest >= 1_000 && unit < units.length - 1) {
    rest /= 1_000;
    unit += 1;
  }
  return `${unit === 0 ? rest : rest.toFixed(1)} ${units[unit] ?? ''}`;
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}

/** How long ago, roughly: "3 min ago". */
export function ago(iso: string | null, now: number): string {
  if (iso === null) return 'never';
  const minutes = Math.round((now - Date.parse(iso)) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 120) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h ago`;
  return `${Math.round(minutes / 1_440)} days ago`;
}

/** Rows under their headings, columns as wide as they need to be; numbers to the right. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const cells = rows.map((row) =>
    row.map((value) => (value === null ? '' : typeof value === 'number' ? count(value) : oneLine(value))),
  );
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[], isNumber: (column: number) => boolean) =>
    row
      .map((cell, column) =>
        isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const isNumber = (column: number) => rows.some((row) => typeof row[column] === 'number');
  return [line(headings, isNumber), ...cells.map((row) => line(row, isNumber))].join('\n');
}

// Names come from outside: a line break or an escape sequence in one must not reach the terminal.
// eslint-disable-next-line no-control-regex
const oneLine = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 100);
