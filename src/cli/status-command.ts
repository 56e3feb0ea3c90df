import { describeDatabase } from '../db/open-history.ts';
import { describeShape, readShape, storageOf } from '../db/read-shape.ts';
import { readStatus, type SourceStatus } from '../db/read-status.ts';
import type { App, ExitCode } from './app.ts';
import { ago, count } from './format.ts';
import { painter } from './paint.ts';

/** How every source stands. */
export async function runStatusCommand(app: App, options: { readonly json?: boolean }): Promise<ExitCode> {
  const history = await app.openHistory(app.readConfig());
  try {
    const sources = await readStatus(history);
    const shape = await readShape(history.pool);
    if (options.json === true) {
      const storage = storageOf(shape);
      for (const source of sources) app.stdout.write(`${JSON.stringify({ ...source, storage })}\n`);
      return 0;
    }
    app.stdout.write(`${describeDatabase(history.url)}\n`);
    const said = describeShape(shape);
    if (said !== undefined) app.stdout.write(`${said.text}\n`);
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
  const days = source.daysUntilLoss;
  const loss =
    days === null
      ? paint('red', 'never read whole')
      : days < 0
        ? paint('red', `sessions are being lost since ${count(-days)} days`)
        : `${days} days until loss`;
  const holes = [
    source.missing > 0 && `${count(source.missing)} listed sessions missing`,
    source.unreadable > 0 && `${count(source.unreadable)} unreadable`,
    source.unfetched > 0 && `${count(source.unfetched)} not fetched`,
    source.gaps.length > 0 && `${count(source.gaps.length)} gaps`,
    source.holes > source.unreadable + source.unfetched + source.gaps.length &&
      `tasks of ${count(source.holes - source.unreadable - source.unfetched - source.gaps.length)} sessions`,
  ].filter((hole) => hole !== false);
  const lines = [
    `${markOf(app, source)} ${paint('bold', source.source)}  last run ${source.lastStatus ?? 'none'} ${ago(source.lastRunAt, now)}, last success ${ago(source.lastSuccessAt, now)}, ${loss}`,
    `    ${count(source.sessions)} sessions, newest ${ago(source.newestSessionAt, now)}, ${count(source.unfinished)} unfinished, ${count(source.lost)} lost unfinished, tasks of ${count(source.tasksWaiting)} waiting, EM collected ${ago(source.lastCollectedAt, now)}`,
    `    covered from ${source.coveredFrom?.slice(0, 16).replace('T', ' ') ?? 'never'}, holes: ${holes.length === 0 ? 'none' : paint('yellow', holes.join(', '))}`,
    ...source.gaps.slice(0, 5).map(({ from, to }) => `    ${paint('yellow', 'gap')} ${from} to ${to}`),
  ];
  if (source.deltas !== null) lines.push(describeDeltas(source.deltas, ago(source.lastListedAt, now)));
  if (source.gaps.length > 0) lines.push('    Gaps are read by: npx session-history backfill');
  if (source.lastStatus === 'failed' && source.lastError !== null)
    lines.push(`    ${paint('red', source.lastError)}`);
  return `${lines.join('\n')}\n`;
}

function describeDeltas(deltas: NonNullable<SourceStatus['deltas']>, listed: string): string {
  const { works, reason, polls, missed, late } = deltas;
  if (!works) return `    changes: whole lists only, for ${reason ?? 'no known reason'}`;
  const found =
    missed === null || late === null
      ? ''
      : `; the last list found ${count(missed)} that such polls had missed, ${count(late)} that came late`;
  return `    changes: whole list read ${listed}, ${count(polls)} polls of changes since${found}`;
}

function markOf(app: App, source: SourceStatus): string {
  const paint = painter(app.stdout);
  if (source.lastStatus === 'running') return paint('yellow', '…');
  const isGood = source.lastStatus === 'succeeded' && source.holes === 0;
  return isGood ? paint('green', '✓') : paint('red', '✗');
}
