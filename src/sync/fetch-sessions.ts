import type { BackupSession } from '../domain/backup-session.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { Findings } from './findings.ts';
import type { EnterpriseManager } from './ports.ts';
import type { RecordIndex } from './record-index.ts';
import type { SessionBatches } from './session-batches.ts';
import { openWindow } from './window.ts';

export type FetchContext = {
  readonly em: Pick<EnterpriseManager, 'readSession'>;
  readonly index: RecordIndex;
  readonly batches: SessionBatches;
  readonly findings: Findings;
  /** Sessions asked for by id at once. */
  readonly concurrency: number;
};

/** The record of a list that a session was named in. */
export type ListedReference = {
  readonly fingerprint: string;
  /** The session as far as the reference tells, as JSON. */
  readonly reference: string;
  readonly isDuplicate: boolean;
  /** Fingerprints of earlier records of the session. */
  readonly superseded: readonly string[];
};

/**
 * References that may wait for their turn, so that their list need not: while it is read it holds one of the connections.
 * About 1 kB each.
 */
const room = 8_192;
/** So many sessions in a row that EM would not show by id, and the rest is left for the next run. */
const failuresInARow = 5;

/** Reads sessions by id, several at once. One that fails is left for the next run; many in a row, and all are. */
export function fetchSessions({ em, index, findings, batches, concurrency }: FetchContext) {
  const window = openWindow(concurrency, room);
  let inARow = 0;

  function found(id: string, session: BackupSession, listed: ListedReference | undefined): void {
    if (listed === undefined) {
      batches.add('listed', session);
      return;
    }
    const { fingerprint, isDuplicate, superseded } = listed;
    const record = { fingerprint, sessionId: id };
    batches.add(isDuplicate ? 'duplicate' : 'listed', session, { record, superseded });
  }

  /** The reference is all there is; with its record noted, it is asked for again only while it is listed. */
  function keepReference(id: string, { fingerprint, reference }: ListedReference): void {
    const record = { fingerprint, sessionId: id };
    batches.add('reference', JSON.parse(reference) as BackupSession, { record });
  }

  function fail(error: SyncError, id: string, listed: ListedReference | undefined): void {
    inARow += 1;
    findings.unfetched += 1;
    findings.fetchFailure ??= error;
    if (listed === undefined) return;
    // Unfinished as it is, it is asked for again by the next run. One that was known before keeps its old record instead, so
    // that the next run finds the changed one anew.
    if (listed.superseded.length === 0) keepReference(id, listed);
    else index.seeSession(id);
  }

  async function fetch(id: string, listed: ListedReference | undefined): Promise<void> {
    if (inARow >= failuresInARow && findings.fetchFailure !== undefined) {
      fail(findings.fetchFailure, id, listed);
      return;
    }
    try {
      const read = await em.readSession(id);
      if (read?.as === 'unreadable') {
        fail(new SyncError('contract', read.reason), id, listed);
      } else {
        if (read !== undefined) found(id, read.session, listed);
        else if (listed !== undefined) keepReference(id, listed);
        inARow = 0;
      }
    } catch (error) {
      if (!(error instanceof SyncError) || error.kind === 'unauthorized' || error.kind === 'interrupted')
        throw error;
      fail(error, id, listed);
    }
    await batches.writeIfFull();
  }

  return {
    /** `listed`: what the list showed of it; none when it is to be looked at again. */
    start: (id: string, listed?: ListedReference) => window.start(() => fetch(id, listed)),
    drain: window.drain,
    settle: window.settle,
  };
}

/** Looks again at sessions that are listed but not final: a list of references says nothing of their progress. */
export async function fetchAgain(sessionIds: readonly string[], context: FetchContext): Promise<void> {
  const fetching = fetchSessions(context);
  try {
    for (const id of sessionIds) await fetching.start(id);
    await fetching.drain();
  } finally {
    await fetching.settle();
    await context.batches.writeAll();
  }
}
