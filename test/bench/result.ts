import { median, type Usage } from './run-measured.ts';

/** One measured line: a variant of a case, at a size. */
export type Result = {
  readonly case: string;
  readonly size: number;
  readonly variant: string;
  /** Medians. */
  readonly figures: Readonly<Record<string, number>>;
  /** Lowest and highest of each figure. */
  readonly spread: Readonly<Record<string, readonly [number, number]>>;
  /** Every run as it was measured, in the order of the runs. */
  readonly raw: readonly Readonly<Record<string, number>>[];
};

type Variant = {
  readonly name: string;
  /** `rows`: sessions it dealt with. Variants that say so must agree, or they did not do the same work. */
  run(): Promise<Usage & { readonly figures?: Readonly<Record<string, number>>; readonly rows?: number }>;
};

/**
 * Runs the variants one after the other, again and again and each time beginning with another, so that what else the machine
 * does hits them alike. Throws when they did not do the same work: then there is nothing to compare.
 */
export async function interleave(
  about: Pick<Result, 'case' | 'size'>,
  runs: number,
  variants: readonly Variant[],
): Promise<readonly Result[]> {
  const taken = variants.map((variant) => ({
    variant,
    raw: [] as Record<string, number>[],
    rows: new Set<number>(),
  }));
  for (let run = 0; run < runs; run += 1) {
    const first = run % taken.length;
    for (const { variant, raw, rows } of [...taken.slice(first), ...taken.slice(0, first)]) {
      const { wallMs, cpuMs, peakMb, figures, rows: counted } = await variant.run();
      raw.push({ wallMs, cpuMs, peakMb, ...figures });
      if (counted !== undefined) rows.add(counted);
    }
  }
  const counted = new Set(taken.flatMap(({ rows }) => [...rows]));
  if (counted.size > 1) {
    const said = taken.map(({ variant, rows }) => `${variant.name}: ${[...rows].join(', ')}`);
    throw new Error(`${about.case}: no result, for the variants differ in rows. ${said.join('; ')}`);
  }
  return taken.map(({ variant, raw }) => {
    const each = <T>(of: (values: readonly number[]) => T) =>
      Object.fromEntries(
        Object.keys(raw[0] ?? {}).map(
          (name) => [name, of(raw.map((figures) => figures[name] ?? 0))] as const,
        ),
      );
    return {
      ...about,
      variant: variant.name,
      figures: each(median),
      spread: each((values) => [Math.min(...values), Math.max(...values)] as const),
      raw,
    };
  });
}

/** The lines of one measurement as text, each with its wall and CPU time as a multiple of the first one's. */
export function renderTable(results: readonly Result[]): string {
  const [ours] = results;
  if (ours === undefined) return '';
  // What was not measured stands as 0.
  const names = [...new Set(results.flatMap((result) => Object.keys(result.figures)))].filter((name) =>
    results.some((result) => (result.figures[name] ?? 0) > 0),
  );
  const rows = results.map((result) => [
    result.variant,
    ...names.map((name) => format(result.figures[name])),
    ...['wallMs', 'cpuMs'].map((name) => ratio(result.figures[name], ours.figures[name])),
    result.spread['wallMs']?.map(format).join('-') ?? '',
  ]);
  const title = `${ours.case}, ${ours.size.toLocaleString('en-US')} sessions`;
  return `${title}\n${align([['', ...names, 'wall x', 'CPU x', 'wall ms from-to'], ...rows])}\n`;
}

const format = (value: number | undefined) =>
  value === undefined
    ? ''
    : value >= 100
      ? Math.round(value).toLocaleString('en-US')
      : String(Math.round(value * 10) / 10);
const ratio = (value: number | undefined, to: number | undefined) =>
  value === undefined || to === undefined || to === 0 ? '' : (value / to).toFixed(2);

function align(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}
