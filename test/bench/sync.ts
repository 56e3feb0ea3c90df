import { program, runMeasured } from './run-measured.ts';

type Report = {
  readonly form: string;
  readonly listed: number;
  readonly requests: number;
  readonly bytesReceived: number;
};

/** One `sync` as users start it, with what it asked of Enterprise Manager. */
export async function sync(settings: Readonly<Record<string, string>>) {
  const usage = await runMeasured(program, ['sync', '--json'], settings);
  // A line for each source.
  const reports = usage.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Report);
  const sum = (of: (report: Report) => number) => reports.reduce((all, report) => all + of(report), 0);
  return {
    ...usage,
    rows: sum((report) => report.listed),
    figures: {
      requests: sum((report) => report.requests),
      receivedKb: sum((report) => report.bytesReceived) / 1_024,
    },
  };
}
