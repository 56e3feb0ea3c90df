import type { BackfillReport, SyncWatcher } from '../cli/app.ts';
import type { SourceConfig } from '../config/config.ts';
import type { SyncReport } from '../domain/sync-run.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import { connectEnterpriseManager } from '../sources/enterprise-manager/connect-enterprise-manager.ts';
import { requestBackfill } from '../db/backfills.ts';
import { holdBacklog } from '../db/held-backlog.ts';
import type { History } from '../db/open-history.ts';
import { holdSource } from '../db/source-history.ts';
import { openSource } from '../db/sync-runs.ts';
import { runBackfill } from '../sync/run-backfill.ts';
import { syncSource } from '../sync/sync-source.ts';
import { collectingGarbageEarly } from './collect-garbage-early.ts';
import { connectionTo, describeEvent } from './connection-to.ts';

/** One sync of a source in this process, without the queue. */
export function syncHere(
  history: History,
  source: SourceConfig,
  watcher: SyncWatcher,
  signal: AbortSignal,
): Promise<SyncReport> {
  return collectingGarbageEarly(() =>
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
  );
}

/** One backfill of a source in this process. */
export async function backfillHere(
  history: History,
  source: SourceConfig,
  options: {
    readonly since: Timestamp;
    readonly signal: AbortSignal;
    readonly onProgress: Parameters<typeof runBackfill>[2]['onProgress'] & object;
  },
): Promise<BackfillReport> {
  const held = await holdSource(history, source, 'backfill');
  if (held === undefined) return { source: source.name, skipped: true };
  const em = connectEnterpriseManager(connectionTo(source, AbortSignal.any([options.signal, held.lost])));
  try {
    return {
      source: source.name,
      skipped: false,
      outcome: await collectingGarbageEarly(() => runBackfill(em, held, options)),
    };
  } finally {
    await held.release();
    await em.close();
  }
}

/** Leaves a backfill to the service. */
export async function requestBackfillOf(
  { statements }: History,
  source: SourceConfig,
  since: Timestamp,
): Promise<void> {
  await requestBackfill(statements, await openSource(statements, source), since);
}
