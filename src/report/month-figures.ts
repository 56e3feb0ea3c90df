import type { MonthReport } from '../query/month/read-month.ts';

const dayMs = 86_400_000;

export type Outcomes = {
  readonly runs: number;
  readonly success: number;
  readonly warning: number;
  readonly failed: number;
  readonly undecided: number;
};

export type Coverage = {
  readonly source: string;
  /** Milliseconds of the month, up to the moment the report speaks of. */
  readonly wholeMs: number;
  readonly coveredMs: number;
  readonly parts: readonly { readonly fromMs: number; readonly toMs: number; readonly isCovered: boolean }[];
  /** Gaps between what was read, and before the first and after the last of it. */
  readonly gaps: readonly { readonly fromMs: number; readonly toMs: number; readonly isTail: boolean }[];
  readonly holes: number;
};

export type Figures = {
  readonly total: Outcomes;
  /** Share of success and warning among success, warning and failed; null: nothing was decided. */
  readonly rate: number | null;
  /** Of the month before; null also when not all of it is on record. */
  readonly rateBefore: number | null;
  readonly within: number;
  readonly late: number;
  readonly never: number;
  readonly muted: number;
  readonly coverage: readonly Coverage[];
  /** Share of the time of all sources; null: there is none. */
  readonly coveredShare: number | null;
  readonly holes: number;
  /** `soFar`: all but the time since the last reading. */
  readonly record: 'complete' | 'soFar' | 'incomplete';
};

/** What the page says in its first lines; muted computers are left out of ages. */
export function workOutFigures(report: MonthReport): Figures {
  const total = sum(report.days.rows);
  const counted = report.computers.rows.filter((computer) => !computer.is_muted);
  const of = (state: string) => counted.filter((computer) => computer.state === state).length;
  const coverage = report.sources.rows.map(({ source, unreadable, unfetched, tasks }) =>
    coverageOf(report, source, unreadable + unfetched + tasks),
  );
  const wholeMs = coverage.reduce((all, one) => all + one.wholeMs, 0);
  const coveredMs = coverage.reduce((all, one) => all + one.coveredMs, 0);
  const holes = coverage.reduce((all, one) => all + one.holes, 0);
  return {
    total,
    rate: rateOf(total),
    rateBefore: isOnRecord(report) ? rateOf(sum(report.daysBefore.rows)) : null,
    within: of('within'),
    late: of('late'),
    never: of('never'),
    muted: report.computers.rows.length - counted.length,
    coverage,
    coveredShare: wholeMs === 0 ? null : coveredMs / wholeMs,
    holes,
    record: judge(coverage, holes),
  };
}

/** Whether all of the month before was within the record of every source. */
function isOnRecord({ month, sources }: MonthReport): boolean {
  const before = new Date(`${month}-01T00:00:00Z`);
  before.setUTCMonth(before.getUTCMonth() - 1);
  return sources.rows.every(
    ({ covered_from: from }) => from !== null && Date.parse(from) <= before.getTime(),
  );
}

function judge(coverage: readonly Coverage[], holes: number): Figures['record'] {
  if (coverage.length === 0 || holes > 0) return 'incomplete';
  const gaps = coverage.flatMap((one) => one.gaps);
  if (gaps.length === 0) return 'complete';
  return gaps.every(({ isTail }) => isTail) && coverage.every(({ coveredMs }) => coveredMs > 0)
    ? 'soFar'
    : 'incomplete';
}

export function rateOf({ success, warning, failed }: Outcomes): number | null {
  const decided = success + warning + failed;
  return decided === 0 ? null : (success + warning) / decided;
}

function sum(rows: readonly Outcomes[]): Outcomes {
  const of = (name: keyof Outcomes) => rows.reduce((all, row) => all + row[name], 0);
  return {
    runs: of('runs'),
    success: of('success'),
    warning: of('warning'),
    failed: of('failed'),
    undecided: of('undecided'),
  };
}

function coverageOf(report: MonthReport, source: string, holes: number): Coverage {
  const fromMs = Date.parse(`${report.month}-01T00:00:00Z`);
  const toMs = Math.max(fromMs, Date.parse(report.asOf));
  const parts = report.stretches.rows
    .filter((stretch) => stretch.source === source)
    .map(({ from_at: from, to_at: to, is_covered: isCovered }) => ({
      fromMs: Date.parse(from),
      toMs: Date.parse(to),
      isCovered,
    }));
  const gaps: Coverage['gaps'][number][] = [];
  let at = fromMs;
  let coveredMs = 0;
  for (const part of parts.filter(({ isCovered }) => isCovered)) {
    if (part.fromMs > at) gaps.push({ fromMs: at, toMs: part.fromMs, isTail: false });
    coveredMs += part.toMs - part.fromMs;
    at = part.toMs;
  }
  if (at < toMs) gaps.push({ fromMs: at, toMs, isTail: true });
  return { source, wholeMs: toMs - fromMs, coveredMs, parts, gaps, holes };
}

/** Days of the month, also those on which nothing ran. */
export function everyDay(report: MonthReport): readonly (Outcomes & { readonly day: string })[] {
  const first = Date.parse(`${report.month}-01T00:00:00Z`);
  const end = new Date(first);
  end.setUTCMonth(end.getUTCMonth() + 1);
  const nothing: Outcomes = { runs: 0, success: 0, warning: 0, failed: 0, undecided: 0 };
  return Array.from({ length: Math.round((end.getTime() - first) / dayMs) }, (_, index) => {
    const day = new Date(first + index * dayMs).toISOString().slice(0, 10);
    return report.days.rows.find((row) => row.day === day) ?? { ...nothing, day };
  });
}
