import type { BackupSession } from '../domain/backup-session.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { Findings } from './findings.ts';
import { fingerprint } from './fingerprint.ts';
import { guidFromBytes } from './guid.ts';
import type { EnterpriseManager, SessionList } from './ports.ts';
import type { RecordIndex } from './record-index.ts';
import type { SessionBatches } from './session-batches.ts';
import { openWindow } from './window.ts';

type Context = {
  readonly em: Pick<EnterpriseManager, 'parseRecord' | 'readSession'>;
  readonly index: RecordIndex;
  readonly batches: SessionBatches;
  readonly findings: Findings;
  /** Known sessions without a final result; those asked for by id are struck off. */
  readonly unfinished: Set<string>;
  /** Sessions asked for by id at once. */
  readonly concurrency: number;
  readonly onRecords: (records: number) => void;
};

/** So many sessions in a row that EM would not show by id, and the rest is left for the next run. */
const failuresInARow = 5;

/**
 * Reads a list to its end and writes what is new in it. A record whose bytes were known is counted and passed over. Of a
 * broken list, everything before the break is written before the error is thrown.
 */
export async function readList(list: SessionList, context: Context): Promise<void> {
  const take = list.form === 'entity' ? takeEntity(context) : takeReference(context);
  try {
    for await (const records of list.records) {
      for (const record of records) {
        const print = fingerprint(record);
        if (!context.index.see(print)) await take.record(record, print);
      }
      context.onRecords(records.length);
      await context.batches.writeIfFull();
    }
    await take.finish();
  } finally {
    await take.settle();
    await context.batches.writeAll();
  }
}

/** Looks again at sessions that are listed but not final: a list of references says nothing of their progress. */
export async function fetchAgain(sessionIds: readonly string[], context: Context): Promise<void> {
  const fetching = fetchSessions(context);
  try {
    for (const id of sessionIds) {
      await fetching.start(id, {
        found: (session) => context.batches.add('listed', session),
        absent: () => undefined,
      });
      await context.batches.writeIfFull();
    }
    await fetching.drain();
  } finally {
    await fetching.settle();
    await context.batches.writeAll();
  }
}

type Taker = {
  record(record: Uint8Array, print: Uint8Array): Promise<void>;
  finish(): Promise<void>;
  settle(): Promise<void>;
};

function takeEntity({ em, index, batches }: Context): Taker {
  return {
    record: (raw, print) => {
      const read = em.parseRecord(raw, 'entity');
      if (read.as === 'unreadable') {
        if (read.id !== null) index.seeSession(read.id);
        batches.addUnreadable(unreadable(raw, print, read));
      } else {
        const added = index.add(print, read.session.id);
        const record = { fingerprint: guidFromBytes(print), sessionId: read.session.id };
        batches.add(added.isDuplicate ? 'duplicate' : 'listed', read.session, {
          record,
          superseded: added.superseded,
        });
      }
      return Promise.resolve();
    },
    finish: () => Promise.resolve(),
    settle: () => Promise.resolve(),
  };
}

function takeReference(context: Context): Taker {
  const { em, index, batches, unfinished } = context;
  const fetching = fetchSessions(context);
  return {
    record: async (raw, print) => {
      const read = em.parseRecord(raw, 'reference');
      if (read.as === 'unreadable') {
        if (read.id !== null) index.seeSession(read.id);
        batches.addUnreadable(unreadable(raw, print, read));
        return;
      }
      const { id } = read.session;
      unfinished.delete(id);
      const added = index.add(print, id);
      const record = { fingerprint: guidFromBytes(print), sessionId: id };
      await fetching.start(id, {
        found: (session) =>
          batches.add(added.isDuplicate ? 'duplicate' : 'listed', session, {
            record,
            superseded: added.superseded,
          }),
        // The reference is all there is; with its record noted, it is asked for again only while it is listed.
        absent: () => batches.add('reference', read.session, { record }),
        failed: () => {
          // Unfinished as it is, it is asked for again by the next run. One that was known before keeps its old record
          // instead, so that the next run finds the changed one anew.
          if (added.superseded.length === 0) batches.add('reference', read.session, { record });
          else index.seeSession(id);
        },
      });
      await batches.writeIfFull();
    },
    finish: fetching.drain,
    settle: fetching.settle,
  };
}

type Answers = {
  readonly found: (session: BackupSession) => void;
  readonly absent: () => void;
  readonly failed?: () => void;
};

/** Reads sessions by id, several at once. One that fails is left for the next run; many in a row, and all are. */
function fetchSessions({ em, findings, concurrency }: Context) {
  const window = openWindow(concurrency);
  let inARow = 0;

  function fail(error: SyncError, answers: Answers): void {
    inARow += 1;
    findings.unfetched += 1;
    findings.fetchFailure ??= error;
    answers.failed?.();
  }

  return {
    start: (id: string, answers: Answers) =>
      window.start(async () => {
        if (inARow >= failuresInARow && findings.fetchFailure !== undefined) {
          fail(findings.fetchFailure, answers);
          return;
        }
        try {
          const read = await em.readSession(id);
          if (read?.as === 'unreadable') fail(new SyncError('contract', read.reason), answers);
          else if (read === undefined) answers.absent();
          else answers.found(read.session);
          if (read?.as !== 'unreadable') inARow = 0;
        } catch (error) {
          if (!(error instanceof SyncError) || error.kind === 'unauthorized' || error.kind === 'interrupted')
            throw error;
          fail(error, answers);
        }
      }),
    drain: window.drain,
    settle: window.settle,
  };
}

function unreadable(
  raw: Uint8Array,
  print: Uint8Array,
  read: { readonly id: string | null; readonly reason: string },
) {
  return {
    fingerprint: guidFromBytes(print),
    sessionId: read.id,
    reason: read.reason,
    record: Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('utf8'),
  };
}
