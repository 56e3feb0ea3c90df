import path from 'node:path';
import { Readable } from 'node:stream';
import { ConfigError } from '../config/config.ts';
import { readMonth, type MonthReport } from '../query/month/read-month.ts';
import { openQueryPool } from '../query/sql/open-query-pool.ts';
import { workOutFigures } from '../report/month-figures.ts';
import { count, counted, percent } from '../report/words.ts';
import type { App, ExitCode } from './app.ts';
import { writeFile } from './write-file.ts';

export type ReportOptions = {
  readonly month: string;
  readonly customer?: string;
  readonly out: string;
};

/** Customers named to somebody who asked for one that is not there. */
const mostNames = 10;

/** The report of a month that people send: a page to read and print, or a workbook. */
export async function runReportCommand(app: App, options: ReportOptions): Promise<ExitCode> {
  const { month, customer = null, out } = options;
  const isPage = checkOptions(month, out);
  const history = await app.openHistory(app.readConfig());
  const pool = openQueryPool(history.url, 1, () => undefined);
  try {
    const report = await readMonth(pool, { month, customer }, app.signal);
    if ('customers' in report) throw unknownCustomer(customer ?? '', report.customers);
    if (isPage) {
      const { writeMonthPage } = await import('../report/month-page.ts');
      await writeFile(out, Readable.from([writeMonthPage(report, app.version)], { objectMode: false }));
    } else {
      const { writeMonthWorkbook } = await import('../report/month-workbook.ts');
      await writeFile(out, Readable.from(writeMonthWorkbook(report, app.version), { objectMode: false }));
    }
    app.stdout.write(`${describe(report)}\n  in ${out}\n`);
    return 0;
  } finally {
    await pool.end();
    await history.close();
  }
}

/** Throws ConfigError; returns whether a page is wanted. */
function checkOptions(month: string, out: string): boolean {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
    throw new ConfigError('--month is to be a year and a month. Example: --month 2026-10');
  const now = new Date().toISOString().slice(0, 7);
  if (month > now)
    throw new ConfigError(`--month ${month} has not begun yet (in UTC); the newest is ${now}.`);
  const ending = path.extname(out).toLowerCase();
  if (ending !== '.html' && ending !== '.xlsx')
    throw new ConfigError(
      `--out ${out} ends in neither .html nor .xlsx.${ending === '.pdf' ? ' For PDF, write .html and print it from a browser.' : ''}`,
    );
  return ending === '.html';
}

function unknownCustomer(customer: string, customers: readonly string[]): ConfigError {
  if (customers.length === 0)
    return new ConfigError(
      `--customer ${customer}: no computer has a label customer yet. \`session-history labels import FILE.csv\` sets them.`,
    );
  const more = customers.length > mostNames ? ` and ${customers.length - mostNames} more` : '';
  return new ConfigError(
    `--customer ${customer}: no computer has this label. There are ${customers.slice(0, mostNames).join(', ')}${more}.`,
  );
}

function describe(report: MonthReport): string {
  const { total, rate, within, late, never, record, coveredShare, holes } = workOutFigures(report);
  const words = {
    complete: 'the record is complete',
    soFar: 'the record is complete up to the last reading',
    incomplete: `the record is not complete: ${percent(coveredShare, 2)} of the time read whole, ${counted(holes, 'hole')}`,
  }[record];
  return `${report.month}: ${percent(rate)} of ${counted(total.runs, 'run')} succeeded; ${count(within)} of ${counted(within + late + never, 'computer')} within the agreed age; ${words}`;
}
