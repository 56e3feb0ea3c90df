import { SyncError } from '../domain/sync-error.ts';
import { noFindings, type Findings } from './findings.ts';
import type { EnterpriseManager, SourceHistory } from './ports.ts';
import { gatherBatches } from './session-batches.ts';
import { openWindow } from './window.ts';

/**
 * A final look, by id, at sessions that left the list without a final result. One that EM still knows is updated (it may
 * have run over the edge of the 30 days, or ended unseen); one that it answers with 404 is lost.
 * Returns how many changed; the jobs of sessions written go into `touchedJobs`.
 */
export async function settleVanished(
  em: Pick<EnterpriseManager, 'readSession'>,
  history: SourceHistory,
  touchedJobs: Set<string>,
  options: { readonly concurrency: number; readonly onWarning?: (message: string) => void },
): Promise<number> {
  const findings: Findings = { ...noFindings(), jobIds: touchedJobs };
  const lost: string[] = [];
  const batches = gatherBatches(history, findings, {
    size: 250,
    jobNames: new Set(),
    onWritten: () => undefined,
  });
  const window = openWindow(options.concurrency);
  try {
    for (const id of await history.readVanished()) {
      await window.start(async () => {
        const read = await look(em, id, options);
        if (read === 'unknown') lost.push(id);
        else if (read?.as === 'entity') batches.add('asked', read.session);
      });
      await batches.writeIfFull();
    }
    await window.drain();
  } finally {
    await window.settle();
    await batches.writeAll();
  }
  if (lost.length > 0) await history.markLost(lost);
  return findings.changed + lost.length;
}

async function look(
  em: Pick<EnterpriseManager, 'readSession'>,
  id: string,
  options: { readonly onWarning?: (message: string) => void },
) {
  try {
    return (await em.readSession(id)) ?? 'unknown';
  } catch (error) {
    if (!(error instanceof SyncError) || error.kind === 'interrupted' || error.kind === 'unauthorized')
      throw error;
    options.onWarning?.(
      `${error.message} Session ${id} left the list unfinished and is looked at again by the next run.`,
    );
    return undefined;
  }
}
