import { readFileSync } from 'node:fs';
import type { App } from './cli/app.ts';
import type { SourceConfig } from './config/config.ts';
import { readConfig } from './config/read-config.ts';
import type { Logger } from 'pino';
import {
  connectEnterpriseManager,
  type ConnectOptions,
} from './enterprise-manager/connect-enterprise-manager.ts';
import { examineEnterpriseManager } from './enterprise-manager/examine-enterprise-manager.ts';
import { holdBacklog } from './storage/held-backlog.ts';
import { openHistory } from './storage/open-history.ts';
import { holdSource } from './storage/source-history.ts';
import { runBackfill } from './sync/run-backfill.ts';
import { syncSource } from './sync/sync-source.ts';

/** What the program takes from the process that runs it. */
export type Surroundings = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
};

/** Puts the parts together: the only place that knows them all. */
export function compose({ environment, workingFolder, stdout, stderr, signal }: Surroundings): App {
  const connection = (source: SourceConfig, until: AbortSignal): ConnectOptions => ({
    url: source.url,
    username: source.username,
    password: source.password,
    tls: source.tls,
    allowHttp: source.allowHttp,
    concurrency: source.concurrency,
    signal: until,
  });

  let logLevel = 'info';
  let log: Promise<Logger> | undefined;
  const warn = (message: string, about: { readonly source?: string } = {}): void => {
    // Loaded when there is something to say: most commands never log a line.
    log ??= import('./log.ts').then(({ openLog }) => openLog(stderr, logLevel));
    void log.then((to) => to.warn(about, message));
  };

  return {
    readConfig: () => {
      const config = readConfig(environment, workingFolder);
      logLevel = config.logLevel;
      for (const hint of config.hints) warn(hint);
      return config;
    },
    openHistory: (place) => openHistory(place),

    syncSource: (history, source, watcher) =>
      syncSource(
        {
          hold: () => holdSource(history, source, 'cli'),
          holdBacklog: () => holdBacklog(history, source),
          connect: (until) =>
            connectEnterpriseManager({
              ...connection(source, until),
              onEvent: (event) => {
                if (event.kind === 'retry')
                  watcher.onWarning?.(
                    `${event.reason} Trying again in ${(event.delayMs / 1_000).toFixed(1)} s.`,
                  );
              },
            }),
        },
        {
          source: source.name,
          list: source.list,
          concurrency: source.concurrency,
          readsTasks: source.tasks !== 'none',
          signal,
          ...watcher,
        },
      ),

    backfillSource: async (history, source, since, onProgress) => {
      const held = await holdSource(history, source, 'backfill');
      if (held === undefined) return { source: source.name, skipped: true };
      const em = connectEnterpriseManager(connection(source, AbortSignal.any([signal, held.lost])));
      try {
        return {
          source: source.name,
          skipped: false,
          outcome: await runBackfill(em, held, { since, signal, onProgress }),
        };
      } finally {
        await held.release();
        await em.close();
      }
    },

    examineSource: (source) => examineEnterpriseManager(connection(source, signal)),
    startSimulator: async (options) =>
      (await import('./simulator/start-simulator.ts')).startSimulator(options),
    signal,
    warn: (source, message) => warn(message, { source }),
    stdout,
    stderr,
    version: packageVersion(),
  };
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
