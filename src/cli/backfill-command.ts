import { ConfigError } from '../config/config.ts';
import { parseTimestamp, type Timestamp } from '../domain/timestamp.ts';
import type { App, ExitCode } from './app.ts';
import { count } from './format.ts';
import { painter } from './paint.ts';
import { progressLine } from './progress-line.ts';
import { chooseSources } from './sync-command.ts';

/** Reads further back than the list shows. */
export async function runBackfillCommand(
  app: App,
  options: { readonly since: string; readonly source?: string; readonly queue?: boolean },
): Promise<ExitCode> {
  const since = parseSince(options.since);
  const config = app.readConfig();
  const sources = chooseSources(config, options.source);
  const history = await app.openHistory(config);
  const line = progressLine(app.stderr);
  const paint = painter(app.stdout);
  let code: ExitCode = 0;
  try {
    for (const source of sources) {
      if (options.queue === true) {
        await app.requestBackfill(history, source, since);
        app.stdout.write(
          `${paint('green', '✓')} ${paint('bold', source.name)}  the service reads back to ${since.slice(0, 10)}, a little after each poll\n`,
        );
        continue;
      }
      const report = await app.backfillSource(history, source, since, (progress) =>
        line.show(
          () =>
            `${source.name}  back to ${progress.day}: ${count(progress.read)} read, ${count(progress.new)} new`,
        ),
      );
      line.clear();
      if (report.skipped) {
        app.stdout.write(
          `${paint('yellow', '–')} ${source.name}  skipped: another process is reading this source right now\n`,
        );
        continue;
      }
      const { status, counts, error } = report.outcome;
      const mark = status === 'succeeded' ? paint('green', '✓') : paint('red', '✗');
      app.stdout.write(
        `${mark} ${paint('bold', source.name)}  ${status}: ${count(counts.listed)} sessions read back to ${since.slice(0, 10)}, ${count(counts.new)} of them new\n`,
      );
      if (error !== null) {
        app.stdout.write(
          `  ${error.kind}: ${error.message}\n  Run the same command again: it goes on where it stopped.\n`,
        );
        code = 1;
      }
    }
    return code;
  } finally {
    await history.close();
  }
}

function parseSince(text: string): Timestamp {
  const since = parseTimestamp(text) ?? parseTimestamp(`${text}T00:00:00Z`);
  if (since === undefined)
    throw new ConfigError(`--since ${text} is not a date. Example: --since 2026-01-31`);
  return since;
}
