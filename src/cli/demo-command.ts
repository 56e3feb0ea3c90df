import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SourceConfig } from '../config/config.ts';
import type { History } from '../db/open-history.ts';
import type { App, ExitCode } from './app.ts';
import { table } from './format.ts';
import { findFreePort } from './find-free-port.ts';
import { painter, type Paint } from './paint.ts';
import { syncSources } from './sync-command.ts';

const credentials = { username: 'demo', password: 'demo' };
const seed = 20;
/** Enough for some hundred computers, and few enough for a first minute. */
const sessions = 8_000;
const pollMs = 15_000;

/**
 * Everything on one machine and nothing of it lasting: a simulated Enterprise Manager with a month of history, an embedded
 * PostgreSQL in a temporary folder, a first sync, then the service. Never touches a configured database or Enterprise Manager.
 */
export async function runDemoCommand(app: App, options: { readonly once?: boolean }): Promise<ExitCode> {
  const paint = painter(app.stdout);
  const say = (text: string) => app.stdout.write(`${text}\n`);
  // Readable by the account that PostgreSQL runs under when this is root.
  const dataDir = mkdtempSync(path.join(tmpdir(), 'session-history-demo-'));
  const config = app.readDemoConfig(dataDir);
  say(
    paint('bold', 'Session History for Veeam Agents') +
      paint('dim', '  demo: nothing of it leaves this machine or lasts'),
  );
  const simulator = await app.startSimulator({ seed, sessions, ...credentials });
  try {
    const history = await app.openHistory({ databaseUrl: undefined, dataDir });
    try {
      say(`  simulated Enterprise Manager  ${simulator.url}\n  embedded PostgreSQL           ready\n`);
      const source: SourceConfig = {
        name: 'demo',
        url: simulator.url,
        ...credentials,
        tls: {},
        allowHttp: false,
        list: 'auto',
        tasks: 'all',
        batch: 'auto',
        fullEvery: 'auto',
        concurrency: 4,
      };
      const isGood = await sync(app, history, source);
      if (!isGood) return app.signal.aborted ? 0 : 1;
      await showSample(app, history);
      if (options.once === true) {
        say(
          `\n${paint('bold', 'Next')}  npm run demo keeps it running, or read your own Enterprise Manager:\n  ${ownCommand}`,
        );
        return 0;
      }
      await app.runService(
        {
          ...config,
          databaseUrl: history.url,
          sources: [source],
          syncIntervalMinutes: pollMs / 60_000,
          apiPort: await findFreePort(config.apiPort),
        },
        { worker: true, api: true },
        ({ url = '' }) => say(describeRunning(paint, url, history.url)),
      );
      return 0;
    } finally {
      await history.close();
    }
  } finally {
    await simulator.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function describeRunning(paint: Paint, url: string, databaseUrl: string): string {
  return [
    `\n${paint('bold', 'The service runs')}, with a sync every ${pollMs / 1_000} s. Ctrl-C stops it.\n`,
    `  ${paint('bold', url)}        the dashboard: open it in a browser`,
    `  ${url}/docs/  the API, to browse and try\n`,
    `Try in another terminal:`,
    `  curl '${url}/api/v1/sessions?outcome=failed&limit=3'`,
    `  psql ${databaseUrl} -c "select * from report.sessions order by created_at desc limit 10"`,
    `  DATABASE_URL=${databaseUrl} npx session-history status`,
    `Your own Enterprise Manager:\n  ${ownCommand}\n`,
  ].join('\n');
}

const ownCommand = 'EM_URL=https://em.example.com:9398 EM_USERNAME=… EM_PASSWORD=… npx session-history sync';

async function sync(app: App, history: History, source: SourceConfig): Promise<boolean> {
  const paint = painter(app.stdout);
  const reports = await syncSources(app, history, [source], (report) => {
    const mark = report.status === 'succeeded' ? paint('green', '✓') : paint('red', '✗');
    app.stdout.write(
      `${mark} sync ${report.status} in ${(report.durationMs / 1_000).toFixed(1)} s: ${report.listed.toLocaleString('en-US')} sessions listed, ` +
        `${report.new.toLocaleString('en-US')} new, ${report.changed} changed, ${paint('bold', `${report.missing} missing`)}, ${report.requests.toLocaleString('en-US')} requests\n` +
        (report.error === null ? '' : `  ${report.error.kind}: ${report.error.message}\n`),
    );
  });
  return reports.every((report) => report.status === 'succeeded');
}

/** A few questions an administrator asks first, answered from schema `report`. */
async function showSample(app: App, history: History): Promise<void> {
  const paint = painter(app.stdout);
  const ask = async (title: string, headings: readonly string[], sql: string) => {
    const { rows } = await history.pool.query<(string | number | null)[]>({ text: sql, rowMode: 'array' });
    app.stdout.write(`\n${paint('bold', title)}\n${table(headings, rows)}\n`);
  };
  await ask(
    'How did the last 7 days go, computer by computer?',
    ['day', 'computers', 'success', 'warning', 'failed', 'running'],
    `select to_char(created_at at time zone 'UTC', 'Dy DD Mon'), count(distinct computer)::int,
       (count(*) filter (where outcome = 'success'))::int, (count(*) filter (where outcome = 'warning'))::int,
       (count(*) filter (where outcome = 'failed'))::int, (count(*) filter (where outcome = 'running'))::int
     from report.sessions
     where kind = 'computer' and created_at > now() - interval '7 days'
     group by date_trunc('day', created_at at time zone 'UTC'), 1
     order by date_trunc('day', created_at at time zone 'UTC') desc`,
  );
  await ask(
    'Which computers failed most in 30 days, and why last?',
    ['computer', 'failed', 'of', 'last reason'],
    `select computer, (count(*) filter (where outcome = 'failed'))::int as failed, count(*)::int,
       left((array_agg(failure_reason order by created_at desc) filter (where outcome = 'failed'))[1], 70)
     from report.sessions
     where kind = 'computer' and computer is not null
     group by computer
     having count(*) filter (where outcome = 'failed') > 0
     order by failed desc, computer
     limit 5`,
  );
  await ask(
    'Which backup servers are there, and how fresh is each?',
    ['server', 'version', 'sessions', 'newest session (UTC)'],
    `select server.server_name, server.version,
       (select count(*) from report.sessions as session where session.server_id = server.server_id)::int,
       to_char(newest_session_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
     from report.servers as server
     order by 1`,
  );
}
