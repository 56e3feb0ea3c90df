import type { BackfillOrder, BackfillReport, SyncWatcher } from '../cli/app.ts';
import type { SourceConfig } from '../config/config.ts';
import type { SyncReport } from '../domain/sync-run.ts';
import { requestBackfill } from '../db/backfills.ts';
import { countHoles } from '../db/holes.ts';
import { findOrCreateSource } from '../db/find-or-create-source.ts';
import { holdForRun, type HoldableSource } from '../db/hold-source.ts';
import type { History } from '../db/open-history.ts';
import { backfill, type BackfillOptions } from '../sync/backfill.ts';
import { syncSource } from '../sync/sync-source.ts';
import { timestampFromDate } from '../domain/timestamp.ts';
import { openSource } from './open-source.ts';

type Configured = SourceConfig & Pick<HoldableSource, 'configured'>;

/** One sync of a source in this process, without the queue. */
export function syncHere(
  history: History,
  source: Configured,
  watcher: SyncWatcher,
  signal: AbortSignal,
): Promise<SyncReport> {
  return syncSource(
    history,
    source,
    (until) => openSource(history, source, until, (message) => watcher.onWarning?.(message)),
    {
      trigger: 'cli',
      list: source.list,
      fullEvery: source.fullEvery,
      tasks: source.tasks,
      readsTasks: source.tasks !== 'none',
      isImpatient: true,
      signal,
      ...watcher,
    },
  );
}

/** One backfill of a source in this process. */
export async function backfillHere(
  history: History,
  source: Configured,
  order: BackfillOrder,
  options: { readonly signal: AbortSignal; readonly onProgress: BackfillOptions['onProgress'] & object },
): Promise<BackfillReport> {
  const held = await holdForRun(history, source, 'backfill');
  if (held === undefined) return { source: source.name, skipped: true };
  const connected = await openSource(
    history,
    source,
    AbortSignal.any([options.signal, held.lost]),
    () => undefined,
  );
  try {
    const outcome = await backfill(connected, held, {
      ...options,
      since: order.since,
      againUntil: order.again ? endOfTime() : undefined,
      tasks: source.tasks,
      isImpatient: true,
    });
    return { source: source.name, skipped: false, outcome, holes: await countHoles(history, held.sourceId) };
  } finally {
    await held.release();
    await connected.close();
  }
}

/** Leaves a backfill to the service. */
export async function requestBackfillOf(
  { prisma }: History,
  source: Configured,
  order: BackfillOrder,
): Promise<void> {
  await requestBackfill(prisma, await findOrCreateSource(prisma, source), {
    since: order.since ?? null,
    againUntil: order.again ? endOfTime() : null,
  });
}

/** A moment after every list: what is read again ends where the timeline does. */
const endOfTime = () => timestampFromDate(new Date(Date.UTC(9999, 0)));
