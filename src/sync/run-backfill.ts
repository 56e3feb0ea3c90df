import { SyncError } from '../domain/sync-error.ts';
import type { RunOutcome } from '../domain/sync-run.ts';
import { timestampFromDate, type Timestamp } from '../domain/timestamp.ts';
import { asSyncError } from './as-sync-error.ts';
import { concludeRun } from './conclude-run.ts';
import { noFindings, type Findings } from './findings.ts';
import type { EnterpriseManager, SourceHistory } from './ports.ts';
import { gatherBatches } from './session-batches.ts';

const dayMs = 86_400_000;
const batchSize = 500;
/** Rows move between pages while EM collects; a window whose page count changed is read again, so often at most. */
const windowAttempts = 3;

export type BackfillOptions = {
  readonly since: Timestamp;
  readonly signal: AbortSignal;
  /** Asked before each day: whether to leave the rest for another time. */
  readonly isTimeUp?: () => boolean;
  readonly onProgress?: (progress: {
    readonly day: string;
    readonly read: number;
    readonly new: number;
  }) => void;
};

/**
 * Reads sessions through `/query`, a day at a time from the newest to `since`, and notes after each day how far it came: a
 * backfill that was cut short goes on there. One request at a time. Never throws; sessions are only ever added or updated.
 */
export async function runBackfill(
  em: EnterpriseManager,
  history: SourceHistory,
  options: BackfillOptions,
): Promise<RunOutcome> {
  const findings = noFindings();
  let read = 0;
  let failure: SyncError | undefined;
  try {
    const { jobNames } = await history.readKnown();
    const batches = gatherBatches(history, findings, {
      size: batchSize,
      jobNames,
      onWritten: () => undefined,
    });
    let to = await history.readBackfillEnd();
    while (to > options.since && options.isTimeUp?.() !== true) {
      if (options.signal.aborted) throw new SyncError('interrupted', 'The backfill was stopped.');
      const from = laterOf(dayBefore(to), options.since);
      read += await readWindow(em, { from, to }, (record) => {
        if (record.as !== 'unreadable') batches.add('asked', record.session);
        else
          findings.unreadable.set(`${from}${findings.unreadable.size}`, {
            fingerprint: '',
            sessionId: record.id,
            reason: record.reason,
            record: '',
          });
      });
      await batches.writeAll();
      await history.settleNames([...findings.jobIds]);
      findings.jobIds.clear();
      await history.noteBackfilled(from);
      options.onProgress?.({ day: from.slice(0, 10), read, new: findings.new });
      to = from;
    }
  } catch (error) {
    failure = asSyncError(error, options.signal, history.lost);
  }
  failure ??= unreadableRows(findings);
  const unreadable = findings.unreadable.size;
  const counts = {
    listed: read,
    new: findings.new,
    changed: findings.changed,
    unchanged: Math.max(0, read - findings.new - findings.changed - unreadable),
    unreadable,
    missing: unreadable,
  };
  return concludeRun(em, history, { form: 'entity', counts, failure }, options.signal);
}

type Window = { readonly from: Timestamp; readonly to: Timestamp };
type Take = (record: Awaited<ReturnType<EnterpriseManager['querySessions']>>['records'][number]) => void;

/** Reads all pages of a window and returns how many distinct sessions they showed. */
async function readWindow(em: EnterpriseManager, window: Window, take: Take): Promise<number> {
  const seen = new Set<string>();
  for (let attempt = 1; attempt <= windowAttempts; attempt += 1) {
    const counts = new Set<number>();
    for (let page = 1, pages = 1; page <= pages; page += 1) {
      const answer = await em.querySessions(window, page);
      pages = answer.pages;
      counts.add(pages);
      for (const record of answer.records) {
        seen.add(record.as === 'unreadable' ? (record.id ?? record.reason) : record.session.id);
        take(record);
      }
    }
    if (counts.size <= 1) break;
  }
  return seen.size;
}

function unreadableRows(findings: Findings): SyncError | undefined {
  const [first] = findings.unreadable.values();
  if (first === undefined) return undefined;
  return new SyncError(
    'contract',
    `${findings.unreadable.size} sessions could not be read; the others are stored. The first: ${first.reason}.`,
  );
}

function dayBefore(end: Timestamp): Timestamp {
  return timestampFromDate(new Date(Date.parse(end) - dayMs));
}

const laterOf = (a: Timestamp, b: Timestamp): Timestamp => (a > b ? a : b);
