import { ConfigError, type Config } from '../config/config.ts';
import { describeDatabase } from '../db/open-history.ts';
import type { App, ExitCode, Finding } from './app.ts';
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
  await checkDatabaseAndQueue(app, config, say);
  if (config.sources.length === 0) {
    say({
      verdict: 'warning',
      what: 'no Enterprise Manager is configured: set EM_URL, EM_USERNAME and EM_PASSWORD, or SOURCES_FILE',
    });
  }
  for (const source of config.sources) {
    app.stdout.write(`${paint('bold', source.name)} ${paint('dim', source.url)}\n`);
    for await (const finding of app.examineSource(source)) say(finding);
  }
  return code;
}

async function checkDatabaseAndQueue(
  app: App,
  config: Config,
  say: (finding: Finding) => void,
): Promise<void> {
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
      for await (const finding of app.examineQueue(config, history)) say(finding);
    } finally {
      await history.close();
    }
  } catch (error) {
    say({ verdict: 'bad', what: `database: ${(error as Error).message}` });
  }
}
