import { readFileSync } from 'node:fs';
import type { App } from './cli/app.ts';
import { readConfig } from './config/read-config.ts';
import type { Logger } from 'pino';
import { collectingGarbageEarly, startCollectingEarly } from './compose/collect-garbage-early.ts';
import { connectionTo, describeEvent } from './compose/connection-to.ts';
import { examineQueue } from './compose/examine-queue.ts';
import { connectEnterpriseManager } from './enterprise-manager/connect-enterprise-manager.ts';
import { examineEnterpriseManager } from './enterprise-manager/examine-enterprise-manager.ts';
import { requestBackfill } from './storage/backfills.ts';
import { holdBacklog } from './storage/held-backlog.ts';
import { openHistory } from './storage/open-history.ts';
import { holdSource } from './storage/source-history.ts';
import { openSource } from './storage/sync-runs.ts';
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
  let logLevel = 'info';
  let log: Promise<Logger> | undefined;
  // Loaded when there is something to say: most commands never log a line.
  const openLog = (): Promise<Logger> =>
    (log ??= import('./log/open-log.ts').then((it) => it.openLog(stderr, logLevel)));
  const warn = (message: string, about: { readonly source?: string } = {}): void => {
    void openLog().then((to) => to.warn(about, message));
  };

  return {
    readConfig: () => {
      const config = readConfig(environment, workingFolder);
      logLevel = config.logLevel;
      for (const hint of config.hints) warn(hint);
      return config;
    },
    readDemoConfig: (folder) => {
      const { API_PORT, LOG_LEVEL } = environment;
      const config = readConfig({ API_PORT, LOG_LEVEL }, folder);
      ({ logLevel } = config);
      return config;
    },
    openHistory: (place) => openHistory(place),

    syncSource: (history, source, watcher) =>
      collectingGarbageEarly(() =>
        syncSource(
          {
            hold: () => holdSource(history, source, 'cli'),
            holdBacklog: () => holdBacklog(history, source),
            connect: (until) =>
              connectEnterpriseManager(
                connectionTo(source, until, (event) => {
                  const text = describeEvent(event);
                  if (text !== undefined) watcher.onWarning?.(text);
                }),
              ),
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
      ),

    backfillSource: async (history, source, since, onProgress) => {
      const held = await holdSource(history, source, 'backfill');
      if (held === undefined) return { source: source.name, skipped: true };
      const em = connectEnterpriseManager(connectionTo(source, AbortSignal.any([signal, held.lost])));
      try {
        return {
          source: source.name,
          skipped: false,
          outcome: await collectingGarbageEarly(() => runBackfill(em, held, { since, signal, onProgress })),
        };
      } finally {
        await held.release();
        await em.close();
      }
    },

    requestBackfill: async (history, source, since) => {
      const { prisma } = history;
      await requestBackfill(prisma, await openSource(prisma, source), since);
    },

    runService: async (config, runs, onReady) => {
      const { runSessionHistory } = await import('./compose/service.ts');
      await runSessionHistory({
        config,
        runs,
        signal,
        log: await openLog(),
        version: packageVersion(),
        ...(onReady !== undefined && { onReady }),
      });
    },

    beginDownload: startCollectingEarly,
    examineQueue: (config, history) => examineQueue(config, history),
    examineSource: (source) => examineEnterpriseManager(connectionTo(source, signal)),
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
