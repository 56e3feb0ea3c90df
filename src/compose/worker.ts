import type { Logger } from 'pino';
import type { Config, SourceConfig } from '../config/config.ts';
import { connectEnterpriseManager } from '../sources/enterprise-manager/connect-enterprise-manager.ts';
import { limitRepeats } from '../log/limit-repeats.ts';
import type { Metrics } from '../metrics/create-metrics.ts';
import type { Queues } from '../queue/open-queues.ts';
import type { WorkPorts } from '../queue/process-job.ts';
import { runWorker, type RunningWorker } from '../queue/run-worker.ts';
import { readRequestedBackfill } from '../db/backfills.ts';
import { holdBacklog } from '../db/held-backlog.ts';
import type { History } from '../db/open-history.ts';
import { noteRefusedCredentials, publishSchedule, readProgress } from '../db/schedule.ts';
import { holdSource } from '../db/source-history.ts';
import { drainHeldBacklog } from '../sync/drain-held-backlog.ts';
import { runBackfill } from '../sync/run-backfill.ts';
import { syncSource } from '../sync/sync-source.ts';
import { collectingGarbageEarly } from './collect-garbage-early.ts';
import { connectionTo, describeEvent } from './connection-to.ts';
import { classifyFailure } from './queues.ts';
import type { Trouble } from './trouble.ts';

export type WorkerParts = {
  readonly config: Config;
  readonly history: History;
  readonly queues: Queues;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly trouble: Trouble;
  readonly signal: AbortSignal;
};

/** A remark on a source that comes with every poll is logged once an hour. */
const remarkQuietMs = 3_600_000;

/** Publishes the configured schedule and works on it. Throws SyncError. */
export async function startWorker(parts: WorkerParts): Promise<RunningWorker> {
  const { config, history, queues, log, trouble } = parts;
  try {
    await publishSchedule(history.statements, config.sources, config.syncIntervalMinutes * 60_000);
    return await runWorker({
      sources: config.sources,
      concurrency: config.workerConcurrency,
      queues,
      ports: portsOf(parts),
      readAllProgress: () => readProgress(history.statements),
      onLate: (progress) => {
        const { source, intervalMs, lastFinishedAt } = progress;
        const lastEnd = lastFinishedAt === null ? null : new Date(lastFinishedAt).toISOString();
        log.error(
          { source, intervalSeconds: intervalMs / 1_000, lastFinishedAt: lastEnd },
          'no run has ended for three intervals',
        );
      },
      onTrouble: trouble('queue'),
    });
  } catch (error) {
    throw classifyFailure(error);
  }
}

function portsOf({ history, log, metrics, signal }: WorkerParts): WorkPorts {
  const limited = limitRepeats(remarkQuietMs);
  const connect = (source: SourceConfig, until: AbortSignal) =>
    connectEnterpriseManager(
      connectionTo(source, until, (event) => {
        const text = describeEvent(event);
        // What is repeated in vain ends up in the run's own line.
        if (text !== undefined) log.debug({ source: source.name }, text);
      }),
    );
  const remark = (source: SourceConfig) => (message: string) => {
    limited(`${source.name} ${message}`, () => {
      log.warn({ source: source.name }, message);
    });
  };

  return {
    readProgress: async (source) => (await readProgress(history.statements, source))[0],
    noteRefusedCredentials: (source, hash) => noteRefusedCredentials(history.statements, source, hash),

    syncSource: (source, trigger) =>
      collectingGarbageEarly(() =>
        syncSource(
          {
            hold: () => holdSource(history, source, trigger),
            holdBacklog: () => holdBacklog(history, source),
            connect: (until) => connect(source, until),
          },
          {
            source: source.name,
            list: source.list,
            concurrency: source.concurrency,
            readsTasks: false,
            signal,
            onWarning: remark(source),
          },
        ),
      ),

    drainTasks: async (source) => {
      const em = connect(source, signal);
      try {
        const drained = await drainHeldBacklog(em, () => holdBacklog(history, source), {
          concurrency: gentle(source),
          signal,
          onWarning: remark(source),
        });
        if (drained !== undefined) log.info({ source: source.name, ...drained }, 'tasks read');
      } finally {
        await em.close();
      }
    },

    continueBackfill: async (source, maxMs) => {
      const since = await readRequestedBackfill(history.statements, source.name);
      if (since === undefined) return;
      const held = await holdSource(history, source, 'backfill');
      if (held === undefined) return;
      const em = connect(source, AbortSignal.any([signal, held.lost]));
      const end = performance.now() + maxMs;
      try {
        const { status, counts, error } = await collectingGarbageEarly(() =>
          runBackfill(em, held, {
            since,
            signal,
            isTimeUp: () => performance.now() > end,
          }),
        );
        log[error === null ? 'info' : 'warn'](
          { source: source.name, since, status, read: counts.listed, new: counts.new, error },
          `backfill ${status}`,
        );
      } finally {
        await held.release();
        await em.close();
      }
    },

    onRun: (report, trigger, pauseMs) => {
      metrics.recordRun(report, trigger);
      const { status, error, ...figures } = report;
      const line = { ...figures, trigger };
      if (status === 'skipped') log.debug(line, 'run skipped: another process reads this source');
      else if (error === null) log.info(line, 'run succeeded');
      else {
        const next = pauseMs === null ? {} : { nextInSeconds: Math.round(pauseMs / 1_000) };
        log.warn({ ...line, errorKind: error.kind, ...next }, `run failed: ${error.message}`);
      }
    },
  };
}

/** Half the requests at once that the source allows: the polls come first. */
function gentle(source: SourceConfig): number {
  return Math.max(1, Math.floor(source.concurrency / 2));
}
