import type { SourceConfig } from '../config/config.ts';
import { isLate } from '../domain/next-run.ts';
import type { SourceProgress } from '../domain/source-progress.ts';
import { alignSchedule } from './align-schedule.ts';
import type { Queues } from './open-queues.ts';
import { processJobs, type WorkPorts } from './process-job.ts';
import { setAside } from './set-aside.ts';

/** Sources whose backlogs are read at once by one process; they share its connections with the polls. */
const upkeepConcurrency = 4;
/** Milliseconds for which a job keeps its place from others; a poll takes seconds. */
const usualPatienceMs = 300_000;
/** The schedule is put right and late sources are looked for once an interval, within these bounds. */
const inspectionMs = { least: 1_000, most: 15_000 };

export type WorkerOptions = {
  readonly sources: readonly SourceConfig[];
  /** Sources polled at once by this process. */
  readonly concurrency: number;
  /** Milliseconds after which a job no longer keeps its place from others; five minutes unless said otherwise. */
  readonly patienceMs?: number;
  readonly queues: Queues;
  readonly ports: WorkPorts;
  readonly readAllProgress: () => Promise<readonly SourceProgress[]>;
  /** Hears of a source of which no run has ended for three intervals; once, and again when it was better in between. */
  readonly onLate: (progress: SourceProgress) => void;
  readonly onTrouble: (error: Error) => void;
};

export type RunningWorker = {
  /** Takes no more jobs; resolves when those under way have ended. */
  close(): Promise<void>;
};

/** Works on both queues and watches over the schedule, until closed. The schedule has been aligned once when this resolves. */
export async function runWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { queues, onTrouble } = options;
  const startedAt = Date.now();
  const late = new Set<string>();

  async function inspect(): Promise<readonly SourceProgress[]> {
    const scheduled = await options.readAllProgress();
    await alignSchedule(queues, scheduled, Date.now());
    await queues.trim();
    for (const progress of scheduled) {
      if (!isLate(progress, startedAt, Date.now())) late.delete(progress.source);
      else if (!late.has(progress.source)) {
        late.add(progress.source);
        options.onLate(progress);
        // A queue that forgot a job but not that it has it would refuse every other.
        await queues.forget('sync', progress.source);
      }
    }
    return scheduled;
  }

  const scheduled = await inspect();
  const process = processJobs(options.sources, queues, options.ports);
  const besides = (most: number) =>
    setAside(process, {
      afterMs: options.patienceMs ?? usualPatienceMs,
      most,
      repeat: (job) => queues.add(job, job.source, 'again'),
      onTrouble,
    });
  const [syncs, upkeep] = [besides(options.concurrency), besides(upkeepConcurrency)];
  const workers = [await queues.work('sync', options.concurrency, syncs.process)];
  try {
    workers.push(await queues.work('upkeep', upkeepConcurrency, upkeep.process));
  } catch (error) {
    await workers[0]?.close();
    throw error;
  }
  const shortestMs = Math.min(inspectionMs.most, ...scheduled.map(({ intervalMs }) => intervalMs));
  let inspecting: Promise<unknown> | undefined;
  const timer = setInterval(
    () => {
      inspecting ??= inspect()
        .catch(onTrouble)
        .finally(() => {
          inspecting = undefined;
        });
    },
    Math.max(inspectionMs.least, shortestMs),
  );
  return {
    close: async () => {
      clearInterval(timer);
      await Promise.all([inspecting, ...workers.map((worker) => worker.close())]);
      await Promise.all([syncs.settle(), upkeep.settle()]);
    },
  };
}
