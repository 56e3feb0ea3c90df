import type { App } from '../cli/app.ts';
import { readConfig } from '../config/read-config.ts';
import type { Logger } from 'pino';
import { packageVersion } from './package-version.ts';

/** What the program takes from the process that runs it. */
export type Surroundings = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  readonly stdin: () => NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
};

/** Puts the parts together: the only place that knows them all. A command loads the parts it needs: starting is most of a short sync. */
export function compose({ environment, workingFolder, stdin, stdout, stderr, signal }: Surroundings): App {
  let logLevel = 'info';
  let configured: readonly string[] = [];
  let log: Promise<Logger> | undefined;
  // Loaded when there is something to say: most commands never log a line.
  const openLog = (): Promise<Logger> =>
    (log ??= import('../log/open-log.ts').then((it) => it.openLog(stderr, logLevel)));
  const warn = (message: string, about: { readonly source?: string } = {}): void => {
    void openLog().then((to) => to.warn(about, message));
  };

  return {
    readConfig: () => {
      const config = readConfig(environment, workingFolder);
      logLevel = config.logLevel;
      configured = config.sources.map((source) => source.name);
      for (const hint of config.hints) warn(hint);
      return config;
    },
    readDemoConfig: (folder) => {
      const { API_PORT, LOG_LEVEL } = environment;
      const config = readConfig({ API_PORT, LOG_LEVEL }, folder);
      ({ logLevel } = config);
      return config;
    },
    openHistory: async (place) => (await import('../db/open-history.ts')).openHistory(place),

    syncSource: async (history, source, watcher) =>
      (await import('./sync-here.ts')).syncHere(history, { ...source, configured }, watcher, signal),

    backfillSource: async (history, source, order, onProgress) =>
      (await import('./sync-here.ts')).backfillHere(history, { ...source, configured }, order, {
        signal,
        onProgress,
      }),

    requestBackfill: async (history, source, order) =>
      (await import('./sync-here.ts')).requestBackfillOf(history, { ...source, configured }, order),

    runService: async (config, runs, onReady) => {
      const { runSessionHistory } = await import('./service.ts');
      await runSessionHistory({
        config,
        runs,
        signal,
        log: await openLog(),
        version: packageVersion(),
        ...(onReady !== undefined && { onReady }),
      });
    },

    async *examineQueue(config, history) {
      yield* (await import('./examine-queue.ts')).examineQueue(config, history);
    },
    async *examineSource(source) {
      const { connectionTo } = await import('./open-source.ts');
      const { examineEnterpriseManager } =
        await import('../sources/enterprise-manager/examine-enterprise-manager.ts');
      yield* examineEnterpriseManager(connectionTo(source, signal));
    },
    examineCertificate: async (url) =>
      (await import('../sources/enterprise-manager/examine-certificate.ts')).examineCertificate(
        new URL(url),
        10_000,
      ),
    startSimulator: async (options) =>
      (await import('../simulator/start-simulator.ts')).startSimulator(options),
    signal,
    warn: (source, message) => warn(message, { source }),
    given: (name) => (environment[name] === '' ? undefined : environment[name]),
    workingFolder,
    stdin,
    stdout,
    stderr,
    version: packageVersion(),
  };
}
