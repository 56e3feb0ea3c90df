import type { Logger } from 'pino';
import { ConfigError, type Config } from '../config/config.ts';
import { createMetrics } from '../metrics/create-metrics.ts';
import type { Queues } from '../queue/open-queues.ts';
import { runService } from '../service/run-service.ts';
import { isLoopback } from '../domain/is-loopback.ts';
import { createFirstKey, hasApiKey } from '../db/api-keys.ts';
import { describeDatabase, openHistory, type History } from '../db/open-history.ts';
import { startHttp } from './http.ts';
import { openQueries } from './query.ts';
import { classifyFailure, openQueuesOf } from './queues.ts';
import { describeError, logTrouble } from './trouble.ts';
import { startWorker } from './worker.ts';

export type ServiceOptions = {
  readonly config: Config;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly version: string;
  /** Which halves run in this process. */
  readonly runs: { readonly worker: boolean; readonly api: boolean };
  readonly onReady?: (at: { readonly url: string | undefined }) => void;
};

/** Runs API, worker, or both, until the signal says stop. Throws what waiting does not mend. */
export async function runSessionHistory(options: ServiceOptions): Promise<void> {
  const { config, log, signal, runs } = options;
  const trouble = logTrouble(log);
  const metrics = createMetrics(options.version, { eachComputer: config.metricsComputers });
  const port = runs.api ? config.apiPort : config.workerPort;
  const portVariable = runs.api ? 'API_PORT' : 'WORKER_PORT';
  let url: string | undefined;
  let place: string | undefined;

  await runService<History, Queues>(
    {
      startHttp:
        port === undefined
          ? undefined
          : async (state) => {
              const query = runs.api
                ? openQueries({ config, version: options.version, state, onTrouble: trouble('database') })
                : undefined;
              const http = await startHttp({
                host: config.apiHost,
                port,
                portVariable,
                log,
                metrics,
                eachComputer: config.metricsComputers,
                metricsToken: config.metricsToken,
                state,
                ...(query !== undefined && { query: query.options }),
              });
              ({ url } = http);
              return {
                close: async () => {
                  await http.close();
                  await query?.close();
                },
              };
            },
      mayListen:
        runs.api && !isLoopback(config.apiHost) ? (history) => requireKey(history, config, log) : undefined,
      openHistory: async () => {
        const history = await openHistory(config, { onError: trouble('database') });
        place = describeDatabase(history.url);
        return history;
      },
      openQueues: (history) => openQueuesOf(config, history, trouble('queue')),
      startWorker: runs.worker
        ? (history, queues) => startWorker({ config, history, queues, log, metrics, trouble, signal })
        : undefined,
      onFailure: (part, error) => {
        trouble(part)(error);
      },
      onReady: () => {
        options.onReady?.({ url });
        const halves = [runs.api && 'API', runs.worker && 'worker'].filter((half) => half !== false);
        log.info(
          { url, history: place, queue: config.redisUrl === undefined ? 'postgresql' : 'redis' },
          `ready: ${halves.join(' and ')}, ${config.sources.length} source${config.sources.length === 1 ? '' : 's'} every ${config.syncIntervalMinutes} min`,
        );
      },
      onCloseFailure: (part, error) => {
        log.warn({ part }, `did not close: ${describeError(error)}`);
      },
      onOvertime: () => {
        log.warn('stopped without waiting any longer; the next start makes good what was under way');
      },
    },
    signal,
  );
  log.info('stopped');
}

/** The history is not for everybody on the network. Makes the first key where that is wanted, and says it this once. */
async function requireKey(
  { prisma }: History,
  { apiFirstKey }: Pick<Config, 'apiFirstKey'>,
  log: Logger,
): Promise<void> {
  try {
    if (apiFirstKey) {
      const key = await createFirstKey(prisma, 'first-start');
      if (key !== undefined)
        log.warn(`There was no API key. This one, of scope read, was made and is shown this once: ${key}`);
      return;
    }
    if (await hasApiKey(prisma)) return;
  } catch (error) {
    throw classifyFailure(error);
  }
  throw new ConfigError(
    'API_HOST lets others reach the API, and there is no API key yet. Make one first: session-history keys create --name first. ' +
      'Or let the first start make one and log it: API_FIRST_KEY=true. Or keep to this machine: API_HOST=127.0.0.1.',
  );
}
