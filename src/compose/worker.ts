import type { Logger } from 'pino';
import type { Config, SourceConfig } from '../config/config.ts';
import { noteBackfill, readRequestedBackfill } from '../db/backfills.ts';
import { readCoverage } from '../db/coverage.ts';
import { findOrCreateSource } from '../db/find-or-create-source.ts';
import { holdForRun, holdForTasks } from '../db/hold-source.ts';
import type { History } from '../db/open-history.ts';
import { noteRefusedCredentials, publishSchedule, readProgress } from '../db/schedule.ts';
import { SyncError } from '../domain/sync-error.ts';
import { timestampFromDate } from '../domain/timestamp.ts';
import { limitRepeats } from '../log/limit-repeats.ts';
import type { Metrics } from '../metrics/create-metrics.ts';
import type { Queues } from '../queue/open-queues.ts';
import type { WorkPorts } from '../queue/process-job.ts';
import { runWorker, type RunningWorker } from '../queue/run-worker.ts';
import { backfill, rangesToRead } from '../sync/backfill.ts';
import { drainTasks } from '../sync/drain-tasks.ts';
import { syncSource } from '../sync/sync-source.ts';
import { openSource } from './open-source.ts';
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
  /** Made for each run; ends it when it aborts. Two hours, unless said otherwise. */
  readonly openDeadline?: () => AbortSignal;
};

/** A remark on a source that comes with every poll is logged once an hour. */
const remarkQuietMs = 3_600_000;
/** Of a run. What it has read by then is stored, and the next one goes on from there. */
const longestRunMs = 7_200_000;

/** Publishes the configured schedule and works on it. Throws SyncError. */
export async function startWorker(parts: WorkerParts): Promise<RunningWorker> {
  const { config, history, queues, log, trouble } = parts;
  try {
    await publishSchedule(history.prisma, config.sources, config.syncIntervalMinutes * 60_000);
    return await runWorker({
      sources: config.sources,
      concurrency: config.workerConcurrency,
      queues,
      ports: portsOf(parts),
      readAllProgress: () => readProgress(history),
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

const inTwoHours = () => AbortSignal.timeout(longestRunMs);

function portsOf({ history, log, metrics, signal, openDeadline = inTwoHours }: WorkerParts): WorkPorts {
  const limited = limitRepeats(remarkQuietMs);
  const open = (source: SourceConfig, until: AbortSignal) =>
    openSource(history, source, until, (message) => {
      // What is repeated in vain ends up in the run's own line.
      log.debug({ source: source.name }, message);
    });
  /** Aborts for whoever sends just enough not to be given up, answer after answer. */
  async function inTime<T>(
    end: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const tooLong = new AbortController();
    const deadline = openDeadline();
    const onDeadline = () => {
      const message = 'The run took too long and was ended; the next one goes on where it left off.';
      tooLong.abort(new SyncError('transient', message));
    };
    deadline.addEventListener('abort', onDeadline, { once: true });
    const ends = [signal, tooLong.signal];
    if (end !== undefined) ends.push(end);
    try {
      return await run(AbortSignal.any(ends));
    } finally {
      deadline.removeEventListener('abort', onDeadline);
    }
  }
  const remark = (source: SourceConfig) => (message: string) => {
    limited(`${source.name} ${message}`, () => {
      log.warn({ source: source.name }, message);
    });
  };

  return {
    readProgress: async (source) => (await readProgress(history, source))[0],
    noteRefusedCredentials: (source, hash) => noteRefusedCredentials(history.prisma, source, hash),

    syncSource: (source, trigger, end) =>
      inTime(end, (stop) =>
        syncSource(history, source, (until) => open(source, until), {
          trigger,
          list: source.list,
          fullEvery: source.fullEvery,
          tasks: source.tasks,
          readsTasks: false,
          isImpatient: false,
          signal: stop,
          onWarning: remark(source),
        }),
      ),

    drainTasks: (source, end) =>
      inTime(end, async (stop) => {
        const held = await holdForTasks(history, source);
        if (held === undefined) return;
        const until = AbortSignal.any([stop, held.lost]);
        try {
          // Half the requests at once that the source allows: the polls come first.
          const gentle = { ...source, concurrency: Math.max(1, Math.floor(source.concurrency / 2)) };
          const connected = await open(gentle, until);
          try {
            const drained = await drainTasks(held, connected, { signal: until, isImpatient: false });
            log.info({ source: source.name, ...drained }, 'tasks read');
          } finally {
            await connected.close();
          }
        } finally {
          await held.release();
        }
      }),

    continueBackfill: (source, maxMs, end) =>
      inTime(end, async (stop) => {
        const id = await findOrCreateSource(history.prisma, source);
        const requested = await readRequestedBackfill(history, id);
        const order = {
          since: requested?.since ?? undefined,
          againUntil: requested?.againUntil ?? undefined,
          isImpatient: false,
        };
        // Nothing to read is no reason to log on, and whether anything is does not hang on the clock.
        const now = timestampFromDate(new Date());
        if (rangesToRead(await readCoverage(history, id), { ...order, now }).length === 0) {
          if (requested !== undefined) await noteBackfill(history.prisma, id, null);
          return;
        }
        const held = await holdForRun(history, source, 'backfill');
        if (held === undefined) return;
        const until = AbortSignal.any([stop, held.lost]);
        const end = performance.now() + maxMs;
        try {
          const connected = await open(source, until);
          try {
            const outcome = await backfill(connected, held, {
              ...order,
              tasks: source.tasks,
              signal: stop,
              isTimeUp: () => performance.now() > end,
            });
            const { status, counts, error, againUntil, isCutShort } = outcome;
            if (requested !== undefined)
              await noteBackfill(history.prisma, id, isCutShort ? { ...requested, againUntil } : null);
            log[error === null ? 'info' : 'warn'](
              { source: source.name, ...requested, status, read: counts.listed, new: counts.new, error },
              `backfill ${status}`,
            );
          } finally {
            await connected.close();
          }
        } finally {
          await held.release();
        }
      }),

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
