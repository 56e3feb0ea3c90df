import { requireSources } from '../config/read-config.ts';
import { ConfigError, type Config, type SourceConfig } from '../config/config.ts';
import type { SyncReport } from '../domain/sync-run.ts';
import { guessListLength } from '../db/list-state.ts';
import type { History } from '../db/open-history.ts';
import type { App, ExitCode } from './app.ts';
import { bytes, count, duration } from './format.ts';
import { painter } from './paint.ts';
import { bar, progressLine } from './progress-line.ts';

/** Sources read at the same time by one command. */
const sourcesAtOnce = 4;

export type SyncCommandOptions = {
  readonly source?: string;
  readonly json?: boolean;
  readonly full?: boolean;
};

/** One sync now, of one source or all. */
export async function runSyncCommand(app: App, options: SyncCommandOptions): Promise<ExitCode> {
  const config = app.readConfig();
  const sources = chooseSources(config, options.source);
  const history = await app.openHistory(config);
  try {
    const reports = await syncSources(
      app,
      history,
      sources,
      (report) => {
        app.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describeReport(app, report));
      },
      { isFull: options.full === true },
    );
    return reports.some((report) => report.status === 'failed') ? 1 : 0;
  } finally {
    await history.close();
  }
}

/** The source of that name, or all. Throws ConfigError for a name that is not configured. */
export function chooseSources(config: Config, name: string | undefined): readonly SourceConfig[] {
  const sources = requireSources(config);
  if (name === undefined) return sources;
  const chosen = sources.filter((source) => source.name === name);
  if (chosen.length > 0) return chosen;
  throw new ConfigError(
    `There is no source "${name}". Configured: ${sources.map((source) => source.name).join(', ')}.`,
  );
}

/** Syncs several sources, some at once, with one progress line for all; each report is handed over when it is done. */
export async function syncSources(
  app: App,
  history: History,
  sources: readonly SourceConfig[],
  onReport: (report: SyncReport) => void,
  how: { readonly isFull: boolean } = { isFull: false },
): Promise<readonly SyncReport[]> {
  const line = progressLine(app.stderr);
  const reports: SyncReport[] = [];
  const queue = [...sources];
  const work = async () => {
    for (let source = queue.shift(); source !== undefined && !app.signal.aborted; source = queue.shift()) {
      const { name } = source;
      const expected = line.isShown ? await guessListLength(history, name) : 0;
      const report = await app.syncSource(history, source, {
        ...how,
        onProgress: (progress) => {
          line.show(() => {
            const share = expected > 0 ? `${bar(progress.listed / expected)} ` : '';
            return `${name}  ${share}${count(progress.listed)} listed, ${count(progress.new)} new, ${count(progress.changed)} changed`;
          });
        },
        onTasks: (progress) => line.show(() => `${name}  tasks of ${count(progress.read)} sessions read`),
        onWarning: (message) => {
          line.clear();
          app.warn(name, message);
        },
      });
      line.clear();
      reports.push(report);
      onReport(report);
    }
  };
  await Promise.all(Array.from({ length: Math.min(sourcesAtOnce, sources.length) }, work));
  return reports;
}

function describeReport(app: App, report: SyncReport): string {
  const paint = painter(app.stdout);
  if (report.status === 'skipped') {
    return `${paint('yellow', '–')} ${paint('bold', report.source)}  skipped: another process is syncing this source right now\n`;
  }
  const isGood = report.status === 'succeeded';
  const { unreadable, unfetched, holes } = report;
  const inPart = [
    unreadable > 0 && `  unreadable ${count(unreadable)}`,
    unfetched > 0 && `  unfetched ${count(unfetched)}`,
    holes !== null && holes > 0 && paint('yellow', `  holes ${count(holes)}`),
  ].filter((one) => one !== false);
  const figures =
    `  listed ${count(report.listed)}  new ${count(report.new)}  changed ${count(report.changed)}  ` +
    `unchanged ${known(report.unchanged)}${report.form === 'delta' ? '' : `  missing ${known(report.missing)}`}${inPart.join('')}\n` +
    paint(
      'dim',
      `  ${count(report.requests)} requests, ${bytes(report.bytesReceived)}, ${report.form === 'delta' ? 'changes only' : `${report.form ?? 'no'} list`}, run ${report.runId ?? '-'}`,
    );
  return (
    `${isGood ? paint('green', '✓') : paint('red', '✗')} ${paint('bold', report.source)}  ` +
    `${isGood ? 'succeeded' : paint('red', 'failed')} in ${duration(report.durationMs)}\n${figures}\n` +
    (report.error === null ? '' : `  ${paint('red', report.error.kind)}: ${report.error.message}\n`)
  );
}

const known = (figure: number | null) => (figure === null ? 'not known' : count(figure));
