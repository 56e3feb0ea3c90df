import { describeDatabase } from '../db/open-history.ts';
import { readStatus, type SourceStatus } from '../db/read-status.ts';
import type { App, ExitCode } from './app.ts';
import { ago, count } from './format.ts';
import { painter } from './paint.ts';

/** How every source stands. */
export async function runStatusCommand(app: App, options: { readonly json?: boolean }): Promise<ExitCode> {
  const history = await app.openHistory(app.readConfig());
  try {
    const sources = await readStatus(history.statements);
    if (options.json === true) {
      for (const source of sources) app.stdout.write(`${JSON.stringify(source)}\n`);
      return 0;
    }
    app.stdout.write(`${describeDatabase(history.url)}\n`);
    if (sources.length === 0) app.stdout.write('No sync has run yet. Begin with: npx session-history sync\n');
    for (const source of sources) app.stdout.write(describeSource(app, source));
    return 0;
  } finally {
    await history.close();
  }
}

function describeSource(app: App, source: SourceStatus): string {
  const paint = painter(app.stdout);
  const now = Date.now();
  const isGood = source.lastStatus === 'succeeded' && source.missing === 0 && source.unreadable === 0;
  // A run under way is neither: what came of it is not known yet.
  const mark =
    source.lastStatus === 'running' ? paint('yellow', '…') : isGood ? paint('green', '✓') : paint('red', '✗');
  const days = source.daysUntilLoss;
  const loss =
    days === null
      ? paint('red', 'never read whole')
      : days < 0
        ? paint('red', `sessions are being lost since ${count(-days)} days`)
        : `${days} days until loss`;
  const holes = [
    source.missing > 0 && `${count(source.missing)} listed sessions missing`,
    source.unreadable > 0 && `${count(source.unreadable)} records unreadable`,
    source.lost > 0 && `${count(source.lost)} sessions lost unfinished`,
  ].filter((hole) => hole !== false);
  const lines = [
    `${mark} ${paint('bold', source.source)}  last run ${source.lastStatus === 'running' ? 'running, begun' : (source.lastStatus ?? 'none')} ${ago(source.lastRunAt, now)}, last success ${ago(source.lastSuccessAt, now)}, ${loss}`,
    `    ${count(source.sessions)} sessions, newest ${ago(source.newestSessionAt, now)}, ${count(source.unfinished)} unfinished, tasks of ${count(source.tasksWaiting)} waiting, EM collected ${ago(source.lastCollectedAt, now)}`,
    `    holes: ${holes.length === 0 ? 'none' : paint('yellow', holes.join(', '))}`,
  ];
  if (source.lastStatus === 'failed' && source.lastError !== null)
    lines.push(`    ${paint('red', source.lastError)}`);
  return `${lines.join('\n')}\n`;
}
