import type { SourceConfig } from '../config/config.ts';
import { isDue, isRefused, pauseBeforeNextRun } from '../domain/next-run.ts';
import type { SourceProgress } from '../domain/source-progress.ts';
import type { SyncReport } from '../domain/sync-run.ts';
import type { Queues } from './open-queues.ts';
import { areSameCredentials, hashCredentials } from './refused-credentials.ts';
import type { EndableProcessor } from './set-aside.ts';

/** What the jobs do, and where their figures go. Aborting `end` ends one early, keeping what it has done. */
export type WorkPorts = {
  /** undefined when the source is not scheduled. May throw. */
  readonly readProgress: (source: string) => Promise<SourceProgress | undefined>;
  readonly noteRefusedCredentials: (source: string, hash: string | null) => Promise<void>;
  /** One poll, without the tasks. Never throws. */
  readonly syncSource: (
    source: SourceConfig,
    trigger: 'schedule' | 'api',
    end?: AbortSignal,
  ) => Promise<SyncReport>;
  /** All tasks that are due, a few requests at once. May throw. */
  readonly drainTasks: (source: SourceConfig, end?: AbortSignal) => Promise<void>;
  /** The next days of a backfill that was asked for, for a limited time. May throw. */
  readonly continueBackfill: (source: SourceConfig, maxMs: number, end?: AbortSignal) => Promise<void>;
  readonly onRun: (report: SyncReport, trigger: 'schedule' | 'api', pauseMs: number | null) => void;
};

/** A slice of a backfill holds its source as long as this, at most, and never longer than half an interval. */
const longestSliceMs = 60_000;

/** Work on jobs, for the sources of this process's configuration. */
export function processJobs(
  sources: readonly SourceConfig[],
  queues: Pick<Queues, 'add'>,
  ports: WorkPorts,
): EndableProcessor {
  const configured = new Map(sources.map((source) => [source.name, source]));

  async function tick({ name, ...source }: SourceConfig): Promise<void> {
    const progress = await ports.readProgress(name);
    if (progress === undefined) return;
    if (!isDue(progress, Date.now()) && !(await haveCredentialsChanged(progress, source))) return;
    await queues.add({ name: 'sync', source: name, trigger: 'schedule' }, name);
  }

  /** Whether the account must rest: whatever put the job into the queue, a refused password is not tried again at once. */
  async function mustRest(source: SourceConfig, known?: SourceProgress): Promise<boolean> {
    const progress = known ?? (await ports.readProgress(source.name));
    if (progress === undefined || !isRefused(progress, Date.now())) return false;
    return !(await haveCredentialsChanged(progress, source));
  }

  async function sync(
    source: SourceConfig,
    trigger: 'schedule' | 'api',
    end: AbortSignal | undefined,
  ): Promise<void> {
    if (await mustRest(source)) return;
    const report = await ports.syncSource(source, trigger, end);
    if (report.error?.kind === 'unauthorized')
      await ports.noteRefusedCredentials(source.name, await hashCredentials(source));
    const progress = await ports.readProgress(source.name).catch(() => undefined);
    ports.onRun(report, trigger, progress === undefined ? null : pauseBeforeNextRun(progress));
    if (progress === undefined || report.status === 'skipped') return;
    // Only a refused logon stops a source: whatever else went wrong, tasks and gaps are read.
    if (report.error?.kind === 'unauthorized' || report.error?.kind === 'interrupted') return;
    if (progress.refusedCredentials !== null) await ports.noteRefusedCredentials(source.name, null);
    if (progress.hasDueTasks && source.tasks !== 'none')
      await queues.add({ name: 'tasks', source: source.name }, `tasks ${source.name}`);
    if (progress.hasBackfill)
      await queues.add({ name: 'backfill', source: source.name }, `backfill ${source.name}`);
  }

  async function continueBackfill(source: SourceConfig, end: AbortSignal | undefined): Promise<void> {
    const progress = await ports.readProgress(source.name);
    if (progress?.hasBackfill !== true || (await mustRest(source, progress))) return;
    await ports.continueBackfill(source, Math.min(longestSliceMs, progress.intervalMs / 2), end);
  }

  return async (job, end) => {
    const source = configured.get(job.source);
    // It has left the configuration, and the next process to start takes its schedule away.
    if (source === undefined) return;
    switch (job.name) {
      case 'tick':
        return tick(source);
      case 'sync':
        return sync(source, job.trigger, end);
      case 'tasks':
        return (await mustRest(source)) ? undefined : ports.drainTasks(source, end);
      case 'backfill':
        return continueBackfill(source, end);
    }
  };
}

/** Whether a source that waits because its credentials were refused has got others since. */
async function haveCredentialsChanged(
  progress: SourceProgress,
  credentials: { readonly username: string; readonly password: string },
): Promise<boolean> {
  const { lastErrorKind, refusedCredentials } = progress;
  if (lastErrorKind !== 'unauthorized' || refusedCredentials === null) return false;
  return !(await areSameCredentials(credentials, refusedCredentials));
}
