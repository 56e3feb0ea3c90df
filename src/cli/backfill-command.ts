import { ConfigError } from '../config/config.ts';
import { parseTimestamp, type Timestamp } from '../domain/timestamp.ts';
import type { App, BackfillOrder, BackfillReport, ExitCode } from './app.ts';
import { count } from './format.ts';
import { painter } from './paint.ts';
import { progressLine } from './progress-line.ts';
import { chooseSources } from './sync-command.ts';

export type BackfillCommandOptions = {
  readonly since?: string;
  readonly again?: boolean;
  readonly source?: string;
  readonly queue?: boolean;
};

/** Reads what no list showed: all gaps, or further back than the list reaches. */
export async function runBackfillCommand(app: App, options: BackfillCommandOptions): Promise<ExitCode> {
  const order: BackfillOrder = { since: parseSince(options.since), again: options.again === true };
  const config = app.readConfig();
  const sources = chooseSources(config, options.source);
  const history = await app.openHistory(config);
  const line = progressLine(app.stderr);
  const paint = painter(app.stdout);
  let code: ExitCode = 0;
  try {
    for (const source of sources) {
      if (options.queue === true) {
        await app.requestBackfill(history, source, order);
        const what =
          order.since === undefined ? 'reads all gaps' : `reads back to ${order.since.slice(0, 10)}`;
        app.stdout.write(
          `${paint('green', '✓')} ${paint('bold', source.name)}  the service ${what}, a little after each poll\n`,
        );
        continue;
      }
      const report = await app.backfillSource(history, source, order, (progress) =>
        line.show(
          () =>
            `${source.name}  back to ${progress.day}: ${count(progress.read)} read, ${count(progress.new)} new`,
        ),
      );
      line.clear();
      app.stdout.write(describeReport(app, report, order));
      if (!report.skipped && report.outcome.status === 'failed') code = 1;
    }
    return code;
  } finally {
    await history.close();
  }
}

function describeReport(app: App, report: BackfillReport, { since }: BackfillOrder): string {
  const paint = painter(app.stdout);
  const name = paint('bold', report.source);
  if (report.skipped)
    return `${paint('yellow', '–')} ${name}  skipped: another process is reading this source right now\n`;
  const { status, counts, error, doubts } = report.outcome;
  const mark = status === 'succeeded' ? paint('green', '✓') : paint('red', '✗');
  const reach = since === undefined ? 'in the gaps' : `back to ${since.slice(0, 10)}`;
  const lines = [
    `${mark} ${name}  ${status}: ${count(counts.listed)} sessions read ${reach}, ${count(counts.new)} of them new; holes left: ${count(report.holes)}`,
  ];
  for (const doubt of doubts.slice(0, 5))
    lines.push(`  ${paint('yellow', 'gap')} ${doubt.from} to ${doubt.to}: ${doubt.reason}`);
  if (doubts.length > 5) lines.push(`  and ${count(doubts.length - 5)} more: npx session-history status`);
  if (error !== null)
    lines.push(
      `  ${error.kind}: ${error.message}`,
      '  Run the same command again: it goes on where it stopped.',
    );
  return `${lines.join('\n')}\n`;
}

function parseSince(text: string | undefined): Timestamp | undefined {
  if (text === undefined) return undefined;
  const since = parseTimestamp(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (since === undefined)
    throw new ConfigError(`--since ${text} is not a date. Example: --since 2026-01-31`);
  return since;
}
