import { median, type Usage } from './run-measured.ts';

/** One measured line: a variant of a case, at a size. */
export type Result = {
  readonly case: string;
  readonly size: number;
  readonly variant: string;
  /** Medians. */
  readonly figures: Readonly<Record<string, number>>;
};

type Variant = {
  readonly name: string;
  run(): Promise<Usage & { readonly figures?: Readonly<Record<string, number>> }>;
};

/** Runs the variants one after the other, again and again, so that what else the machine does hits them alike. */
export async function interleave(
  about: Pick<Result, 'case' | 'size'>,
  runs: number,
  variants: readonly Variant[],
): Promise<readonly Result[]> {
  const taken = variants.map((variant) => ({ variant, usages: [] as Awaited<ReturnType<Variant['run']>>[] }));
  for (let run = 0; run < runs; run += 1)
    for (const { variant, usages } of taken) usages.push(await variant.run());
  return taken.map(({ variant, usages }) => {
    const [first] = usages;
    const figure = (of: (usage: (typeof usages)[number]) => number) => median(usages.map(of));
    return {
      ...about,
      variant: variant.name,
      figures: {
        wallMs: figure((usage) => usage.wallMs),
        cpuMs: figure((usage) => usage.cpuMs),
        peakMb: figure((usage) => usage.peakMb),
        ...Object.fromEntries(
          Object.keys(first?.figures ?? {}).map((name) => [
            name,
            figure((usage) => usage.figures?.[name] ?? 0),
          ]),
        ),
      },
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
  ]);
  const title = `${ours.case}, ${ours.size.toLocaleString('en-US')} sessions`;
  return `${title}\n${align([['', ...names, 'wall x', 'CPU x'], ...rows])}\n`;
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
