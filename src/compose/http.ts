import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { acceptAtOnce, mostWaiting } from '../api/accept-at-once.ts';
import { buildApi } from '../api/build-api.ts';
import { shareAnswer } from '../api/share-answer.ts';
import type { QueryOptions } from '../api/query-options.ts';
import { ConfigError } from '../config/config.ts';
import { isLoopback } from '../domain/is-loopback.ts';
import { judgeHealth } from '../domain/health.ts';
import type { Metrics } from '../metrics/create-metrics.ts';
import type { Queues } from '../queue/open-queues.ts';
import type { Closable, ServiceState } from '../service/run-service.ts';
import type { History } from '../db/open-history.ts';
import { readComputerStates } from '../db/computer-states.ts';
import { readProgress } from '../db/schedule.ts';
import { readReplicaLag } from '../query/sql/read-replica-lag.ts';

export type HttpParts = {
  readonly host: string;
  readonly port: number;
  /** The variable that says which port. */
  readonly portVariable: 'API_PORT' | 'WORKER_PORT';
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Whether what /metrics says of each computer is to be read. */
  readonly eachComputer: boolean;
  readonly metricsToken: string | undefined;
  readonly query?: QueryOptions & { readonly hasKeys: () => Promise<boolean> };
  readonly state: Readonly<ServiceState<History, Queues>>;
};

/** A probe answers within seconds, whatever is down. */
const patienceMs = 3_000;

/** Listens. Throws ConfigError when it cannot. */
export async function startHttp(parts: HttpParts): Promise<Closable & { readonly url: string }> {
  const { state, metrics } = parts;
  const since = Date.now();
  // What was read while the service started, before its sources were scheduled, is not what /metrics says of it once it is ready.
  const readVitals = shareAnswer(
    1_000,
    async () => {
      const [progress, queues] = await Promise.all([
        inTime(async () => state.history && readProgress(state.history)),
        inTime(async () => state.queues?.count()),
      ]);
      return { progress, queues };
    },
    () => state.phase,
  );
  const api = await buildApi({
    log: parts.log,
    ...(parts.query !== undefined && { query: parts.query }),
    readHealth: async () => {
      const { progress, queues } = await readVitals();
      return judgeHealth(
        { phase: state.phase, progress, isQueueUp: queues !== undefined, since },
        Date.now(),
      );
    },
    metricsToken: parts.metricsToken,
    // Who lets others reach it has put more than a name between them and it.
    isKnownElsewhere: async () => !isLoopback(parts.host) || (await parts.query?.hasKeys()) === true,
    renderMetrics: async () => {
      const [vitals, replicaLagSeconds, computers] = await Promise.all([
        readVitals(),
        inTime(async () => {
          const reader = parts.query?.accessPool();
          return reader && state.history && readReplicaLag(state.history.pool, reader);
        }),
        inTime(async () => state.history && readComputerStates(state.history, parts.eachComputer)),
      ]);
      return metrics.render({ ...vitals, replicaLagSeconds, computers });
    },
  });
  try {
    await api.listen({ host: parts.host, port: parts.port, backlog: mostWaiting });
  } catch (error) {
    throw new ConfigError(
      `Nothing can listen on ${parts.host}:${parts.port}: ${(error as Error).message}. Set API_HOST and ${parts.portVariable} to an address that is free.`,
    );
  }
  const acceptors = acceptAtOnce(api.server);
  const { address, family, port } = api.server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: () => Promise.all([acceptors.close(), api.close()]),
  };
}

/** The answer, or undefined when there is none in time. */
async function inTime<T>(ask: () => Promise<T | undefined>): Promise<T | undefined> {
  const waited = new AbortController();
  try {
    return await Promise.race([ask(), sleep(patienceMs, undefined, { ref: false, signal: waited.signal })]);
  } catch {
    return undefined;
  } finally {
    waited.abort();
  }
}
