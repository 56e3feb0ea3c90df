import { isFinal, type BackupSession } from '../domain/backup-session.ts';
import { guessComputer } from '../domain/computer-name.ts';
import type { ListedRecord, SessionRow, UnreadableRow } from '../domain/session-row.ts';
import type { Sighting } from '../domain/sighting.ts';
import { detachStrings } from './detach-strings.ts';
import type { Findings } from './findings.ts';
import type { SourceHistory } from './ports.ts';

/** Gathers what is to be written and writes it batch by batch, one batch behind the reader. */
export type SessionBatches = {
  /** `record` is what the list showed; none when the list is to be asked again for it, or did not show it. */
  add(sighting: Sighting | 'reference', session: BackupSession, from?: BatchRecord): void;
  addUnreadable(row: UnreadableRow): void;
  /** Writes what has gathered if that is a batch's worth; waits for the batch before, so that memory stays bounded. */
  writeIfFull(): Promise<void>;
  /** Writes all that has gathered and waits for it. */
  writeAll(): Promise<void>;
};

type BatchRecord = { readonly record: ListedRecord; readonly superseded?: readonly string[] };

type Bucket = {
  readonly sessions: Map<string, BackupSession>;
  readonly records: ListedRecord[];
  readonly superseded: string[];
};

type Batch = Record<Sighting | 'reference', Bucket> & { readonly unreadable: UnreadableRow[] };

const emptyBucket = (): Bucket => ({ sessions: new Map(), records: [], superseded: [] });
const emptyBatch = (): Batch => ({
  listed: emptyBucket(),
  duplicate: emptyBucket(),
  asked: emptyBucket(),
  reference: emptyBucket(),
  unreadable: [],
});

export function gatherBatches(
  history: SourceHistory,
  findings: Findings,
  options: { readonly size: number; readonly jobNames: ReadonlySet<string>; readonly onWritten: () => void },
): SessionBatches {
  let batch = emptyBatch();
  let gathered = 0;
  let writing: Promise<void> = Promise.resolve();
  const jobNames = new Set(options.jobNames);
  // Made when they are written: by then the batch has told the names of more jobs.
  const rowsOf = ({ sessions }: Bucket) =>
    Array.from(sessions.values(), (session) => rowOf(session, jobNames));

  function prepare(full: Batch): () => Promise<void> {
    const sightings = (['listed', 'duplicate', 'asked'] as const).flatMap((sighting) => {
      const { sessions, records, superseded } = full[sighting];
      if (sessions.size === 0) return [];
      const write = history.prepareSessions(rowsOf(full[sighting]), { sighting, records, superseded });
      return [{ sighting, write }];
    });
    const { reference, unreadable } = full;
    const writeReferences =
      reference.sessions.size === 0
        ? undefined
        : history.prepareReferences(rowsOf(reference), reference.records);
    return async () => {
      for (const { sighting, write } of sightings) {
        const counts = await write();
        findings.new += counts.inserted;
        // A duplicate's session was counted when it was first met.
        if (sighting !== 'duplicate') findings.changed += counts.changed;
      }
      if (writeReferences !== undefined) findings.new += (await writeReferences()).inserted;
      if (unreadable.length > 0) await history.writeUnreadable(unreadable);
      options.onWritten();
    };
  }

  /** Makes ready what has gathered, and writes it once the batch before is written: resolves then. */
  function startWriting(): Promise<void> {
    const before = writing;
    const write = prepare(batch);
    batch = emptyBatch();
    gathered = 0;
    writing = before.then(write).catch((error: unknown) => {
      findings.hasWriteFailed = true;
      throw error;
    });
    // Whoever waits for the batch hears of its failure; until then it must not count as unhandled.
    writing.catch(() => undefined);
    return before;
  }

  return {
    add: (sighting, session, from) => {
      // A duplicate of a session that is still in this batch is settled here, without a second statement.
      const bucket =
        sighting === 'duplicate' && batch.listed.sessions.has(session.id) ? batch.listed : batch[sighting];
      const present = bucket.sessions.get(session.id);
      if (present === undefined || !isFinal(present) || isFinal(session)) {
        bucket.sessions.set(session.id, detachStrings(session));
      }
      if (from !== undefined) {
        bucket.records.push(from.record);
        if (from.superseded !== undefined) bucket.superseded.push(...from.superseded);
      }
      if (session.kind === 'job' && session.jobName !== null && !jobNames.has(session.jobName))
        jobNames.add(detachStrings(session.jobName));
      // A string of its own as well: this set lives as long as the run.
      if (session.jobId !== null && !findings.jobIds.has(session.jobId))
        findings.jobIds.add(detachStrings(session.jobId));
      gathered += 1;
    },
    addUnreadable: (row) => {
      findings.unreadable.set(row.fingerprint, row);
      batch.unreadable.push(row);
      gathered += 1;
    },
    writeIfFull: async () => {
      if (gathered >= options.size) await startWriting();
    },
    writeAll: async () => {
      if (gathered > 0) await startWriting();
      await writing;
    },
  };
}

function rowOf(session: BackupSession, jobNames: ReadonlySet<string>): SessionRow {
  const computer =
    session.kind === 'computer' && session.jobName !== null ? guessComputer(session.jobName, jobNames) : null;
  return { session, computer };
}
