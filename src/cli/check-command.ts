import { ConfigError, type Config } from '../config/config.ts';
import { examineWorkers } from '../db/distribute/examine-workers.ts';
import { describeDatabase, type History } from '../db/open-history.ts';
import { describeShape, readShape } from '../db/read-shape.ts';
import { readStatus, type SourceStatus } from '../db/read-status.ts';
import type { App, ExitCode, Finding } from './app.ts';
import { count } from './format.ts';
import { painter } from './paint.ts';

/** The doctor: looks at everything a sync needs and says what is wrong and what to do. */
export async function runCheckCommand(app: App): Promise<ExitCode> {
  const paint = painter(app.stdout);
  const marks = { good: paint('green', '✓'), warning: paint('yellow', '!'), bad: paint('red', '✗') };
  let code: ExitCode = 0;
  const say = ({ verdict, what }: Finding) => {
    if (verdict === 'bad') code = 1;
    app.stdout.write(`${marks[verdict]} ${what}\n`);
  };

  let config: Config;
  try {
    config = app.readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    say({ verdict: 'bad', what: error.message });
    return 2;
  }
  say({
    verdict: 'good',
    what: `configuration: ${config.sources.length} source${config.sources.length === 1 ? '' : 's'}`,
  });
  const standing = await checkDatabaseAndQueue(app, config, say);
  if (config.sources.length === 0) {
    say({
      verdict: 'warning',
      what: 'no Enterprise Manager is configured: set EM_URL, EM_USERNAME and EM_PASSWORD, or SOURCES_FILE',
    });
  }
  for (const source of config.sources) {
    app.stdout.write(`${paint('bold', source.name)} ${paint('dim', source.url)}\n`);
    for await (const finding of app.examineSource(source)) say(finding);
    if (standing !== undefined) say(judgeLoss(standing.find((one) => one.source === source.name)));
  }
  return code;
}

async function checkDatabaseAndQueue(
  app: App,
  config: Config,
  say: (finding: Finding) => void,
): Promise<readonly SourceStatus[] | undefined> {
  try {
    const history = await app.openHistory(config);
    try {
      const { rows } = await history.pool.query<{ server_version: string }>('show server_version');
      const version = rows[0]?.server_version ?? 'unknown';
      const where = history.isEmbedded
        ? `embedded, data under ${config.dataDir}`
        : describeDatabase(history.url);
      const verdict = Number.parseInt(version, 10) >= 13 ? 'good' : 'bad';
      say({
        verdict,
        what: `database: PostgreSQL ${version} (${where})${verdict === 'bad' ? ': 13 or newer is needed' : ''}`,
      });
      for (const finding of await examineShape(history)) say(finding);
      for await (const finding of app.examineQueue(config, history)) say(finding);
      return await readStatus(history);
    } finally {
      await history.close();
    }
  } catch (error) {
    say({ verdict: 'bad', what: `database: ${(error as Error).message}` });
    return undefined;
  }
}

/** How the history lies, and what is wrong with the servers it lies on. */
async function examineShape({ pool }: Pick<History, 'pool'>): Promise<readonly Finding[]> {
  const shape = await readShape(pool);
  const said = describeShape(shape);
  const findings: Finding[] = [];
  if (said !== undefined) findings.push({ verdict: said.isWhole ? 'good' : 'warning', what: said.text });
  if (shape.distribution === undefined) return findings;
  const faults = await examineWorkers(pool);
  return [...findings, ...faults.map((what) => ({ verdict: 'warning' as const, what }))];
}

/** How long until sessions leave the list of 30 days unread. */
function judgeLoss(source: SourceStatus | undefined): Finding {
  const days = source?.daysUntilLoss ?? null;
  if (days === null)
    return {
      verdict: 'warning',
      what: 'until loss: never read whole; each day the oldest of 30 days leaves the list. Begin with: npx session-history sync',
    };
  if (days < 0)
    return {
      verdict: 'bad',
      what: `until loss: sessions leave the list unread since ${count(Math.ceil(-days))} days; \`backfill\` reads what /query still knows`,
    };
  return {
    verdict: days < 7 ? 'warning' : 'good',
    what: `until loss: ${count(Math.floor(days))} days, if nothing reads this Enterprise Manager from now on`,
  };
}
