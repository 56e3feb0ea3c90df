import { writeXlsx, type Sheet } from '../export/write-xlsx.ts';
import { rowsOf, type AnyTable, type MonthReport } from '../query/month/read-month.ts';
import type { Row } from '../query/row.ts';
import { workOutFigures } from './month-figures.ts';

/** Rows handed over at once. */
const batchSize = 1_000;

/** The report as a workbook: the figures of the page, then every row behind them. */
export function writeMonthWorkbook(
  report: MonthReport,
  version: string,
): AsyncGenerator<Uint8Array, void, void> {
  const figures = workOutFigures(report);
  const { total } = figures;
  const summary: Row[] = [
    ['month', report.month],
    ['customer', report.customer ?? 'all'],
    ['made at (UTC)', report.madeAt],
    ['ages and coverage as of (UTC)', report.asOf],
    ['made by', `session-history ${version}`],
  ].map(([name, text]) => [name ?? '', null, text ?? '']);
  const numbers: Row[] = (
    [
      ['runs', total.runs],
      ['succeeded', total.success],
      ['with warnings', total.warning],
      ['failed', total.failed],
      ['not decided', total.undecided],
      ['success rate', figures.rate],
      ['success rate of the month before', figures.rateBefore],
      ['computers within the agreed age', figures.within],
      ['computers later than agreed', figures.late],
      ['computers never backed up', figures.never],
      ['computers muted, in none of these', figures.muted],
      ['share of the time that was read whole', figures.coveredShare],
      ['holes', figures.holes],
    ] as const
  ).map(([name, value]) => [name, value, null]);
  const gaps = figures.coverage.flatMap(({ source, gaps: all }) =>
    all.map(({ fromMs, toMs, isTail }): Row => [
      source,
      time(fromMs),
      time(toMs),
      (toMs - fromMs) / 1_000,
      isTail,
    ]),
  );
  return writeXlsx([
    sheet('Summary', [...summary, ...numbers], { figure: 'text', value: 'double', text: 'text' }),
    table('Days', report.days),
    table('Policies', report.policies),
    table('Computers', report.computers),
    table('Failed runs', report.failures),
    table('Coverage', report.sources),
    sheet('Gaps', gaps, {
      source: 'text',
      from_at: 'timestamp',
      to_at: 'timestamp',
      seconds: 'double',
      is_not_read_yet: 'boolean',
    }),
  ]);
}

const time = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

function table(name: string, from: AnyTable): Sheet {
  return { name, columns: from.columns, batches: batchesOf(rowsOf(from)) };
}

function sheet(
  name: string,
  rows: readonly Row[],
  columns: Readonly<Record<string, Sheet['columns'][number]['type']>>,
): Sheet {
  return {
    name,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type, isNullable: true })),
    batches: batchesOf(rows),
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- all of them are here already
async function* batchesOf(rows: readonly Row[]): AsyncGenerator<readonly Row[], void, void> {
  for (let at = 0; at < rows.length; at += batchSize) yield rows.slice(at, at + batchSize);
}
