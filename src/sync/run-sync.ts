import type { ListForm } from '../domain/list-form.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { RunCounts, RunOutcome } from '../domain/sync-run.ts';
import { asSyncError } from './as-sync-error.ts';
import { concludeRun } from './conclude-run.ts';
import { noFindings, type Findings } from './findings.ts';
import type { EnterpriseManager, SourceHistory } from './ports.ts';
import { fetchAgain } from './fetch-sessions.ts';
import { readList } from './read-list.ts';
import { recogniseRecords } from './recognise-records.ts';
import { indexRecords, type RecordIndex } from './record-index.ts';
import { gatherBatches } from './session-batches.ts';
import { settleVanished } from './settle-vanished.ts';

/** Sessions a statement: larger batches no longer write faster, and hold more memory. */
const batchSize = 1_000;
/** With a request a session, smaller batches lose less of the work to a crash. */
const fetchedBatchSize = 250;
/** A list that breaks off is read again so often within one run; what it brought already costs nothing twice. */
const listAttempts = 2;
/** Unless it took so long to break: then the next run is the better time. */
const patienceMs = 30_000;

/** Records after which those who watch hear how far the list has come. */
const reportEvery = 500;

export type Progress = { readonly listed: number; readonly new: number; readonly changed: number };

export type RunOptions = {
  readonly list: 'auto' | ListForm;
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** What went wrong without ending the run. */
  readonly onWarning?: (message: string) => void;
};

/**
 * One run over one source that is held already: reads the list, stores what is new or changed, looks after the sessions
 * that left it unfinished, and proves that everything listed is stored. Never throws: a failure is an outcome, and is
 * recorded as one. Does not release the source or log off.
 */
export async function runSync(
  em: EnterpriseManager,
  history: SourceHistory,
  options: RunOptions,
): Promise<RunOutcome> {
  const findings = noFindings();
  const state: State = { form: null, index: undefined, changedBeside: 0, missing: 0 };
  let failure: SyncError | undefined;
  try {
    await sync(em, history, options, findings, state);
  } catch (error) {
    failure = asSyncError(error, options.signal, history.lost);
  }
  const counts = countUp(findings, state);
  failure ??= incompleteness(findings, counts);
  return concludeRun(em, history, { form: state.form, counts, failure }, options.signal);
}

type State = {
  form: ListForm | null;
  index: RecordIndex | undefined;
  /** Sessions changed that the list no longer shows. */
  changedBeside: number;
  missing: number;
};

async function sync(
  em: EnterpriseManager,
  history: SourceHistory,
  options: RunOptions,
  findings: Findings,
  state: State,
): Promise<void> {
  await em.logOn();
  const known = await history.readKnown();
  const index = (state.index = indexRecords(known.listed));
  const jobNames = new Set([...known.jobNames, ...(await syncInventory(em, history, options))]);
  if (known.areComputersDue) await history.writeComputers(await optional(() => em.readComputers(), options));
  let listed = 0;
  let reported = 0;
  const report = () => {
    reported = listed;
    const progress = { listed, new: findings.new, changed: findings.changed };
    options.onProgress?.(progress);
    history.noteProgress(progress);
  };

  const onRecords = (records: number) => {
    listed += records;
    if (listed - reported >= reportEvery) report();
  };
  const recognise = recogniseRecords(index, known.stretches, onRecords);

  for (let attempt = 1; ; attempt += 1) {
    const startedAt = performance.now();
    try {
      const list = await em.listSessions(options.list, recognise);
      state.form = list.form;
      const size = list.form === 'entity' ? batchSize : fetchedBatchSize;
      const context = {
        em,
        index,
        findings,
        batches: gatherBatches(history, findings, { size, jobNames, onWritten: report }),
        unfinished: new Set(known.unfinished),
        // The client bounds what is really under way; twice as many keep it busy while answers are taken in.
        concurrency: options.concurrency * 2,
        onRecords,
      };
      await readList(list, context);
      if (list.form === 'reference') {
        await fetchAgain(
          [...context.unfinished].filter((id) => index.hasSeen(id)),
          context,
        );
      }
      break;
    } catch (error) {
      if (!(error instanceof SyncError) || error.kind !== 'transient' || findings.hasWriteFailed) throw error;
      if (attempt >= listAttempts || performance.now() - startedAt > patienceMs) throw error;
      options.onWarning?.(`${error.message} Reading the list again.`);
      index.startOver();
      recognise.startOver();
      findings.unreadable.clear();
      listed = reported = 0;
    }
  }

  await history.closeList({
    ...index.gone(),
    unreadable: [...findings.unreadable.keys()],
    stretches: recognise.changes(),
  });
  state.changedBeside = await settleVanished(em, history, findings.jobIds, options);
  await history.settleNames([...findings.jobIds]);
  const counts = countUp(findings, state);
  state.missing = counts.listed - (await history.countStored());
  const collectedAt = await optional(() => em.readCollectedAt(), options);
  if (collectedAt !== undefined) await history.noteCollectedAt(collectedAt);
}

/** Stores servers and jobs where the account may read them, and returns the jobs' names. */
async function syncInventory(
  em: EnterpriseManager,
  history: SourceHistory,
  options: RunOptions,
): Promise<readonly string[]> {
  const servers = (await optional(() => em.readServers(), options)) ?? [];
  const jobs = (await optional(() => em.readJobs(), options)) ?? [];
  if (servers.length > 0 || jobs.length > 0) await history.writeInventory(servers, jobs);
  return jobs.filter((job) => job.jobType !== 'AgentManagement').map((job) => job.name);
}

/**
 * Reads what a run can do without. The logon has succeeded, so whatever fails here says something about this resource: the
 * account may not read it, or this version of EM does not have it.
 */
async function optional<T>(read: () => Promise<T>, options: RunOptions): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SyncError) || error.kind === 'interrupted') throw error;
    options.onWarning?.(`${error.message} The run goes on without it.`);
    return undefined;
  }
}

function countUp(findings: Findings, state: State): RunCounts {
  const { index } = state;
  let unidentified = 0;
  const unknown = new Set<string>();
  for (const { sessionId } of findings.unreadable.values()) {
    if (sessionId === null) unidentified += 1;
    else if (index?.hasSeen(sessionId) !== true) unknown.add(sessionId);
  }
  const listed = (index?.countSeen() ?? 0) + unknown.size + unidentified;
  const unreadable = findings.unreadable.size;
  return {
    listed,
    new: findings.new,
    changed: findings.changed + state.changedBeside,
    unchanged: Math.max(0, listed - findings.new - findings.changed - unreadable),
    unreadable,
    missing: state.missing,
  };
}

/** A run that came to its end but may not be called a success. */
function incompleteness(findings: Findings, counts: RunCounts): SyncError | undefined {
  const [first] = findings.unreadable.values();
  if (first !== undefined) {
    return new SyncError(
      'contract',
      `${counts.unreadable} of ${counts.listed} listed records could not be read; the others are stored. The first: ` +
        `${first.reason}. Their text is kept in table unreadable_records.`,
    );
  }
  if (findings.fetchFailure !== undefined) {
    return new SyncError(
      findings.fetchFailure.kind,
      `${findings.unfetched} sessions could not be read by id and are left for the next run. The first: ${findings.fetchFailure.message}`,
    );
  }
  if (counts.missing > 0) {
    return new SyncError(
      'contract',
      `${counts.missing} listed sessions are not in the database. Run sync again; if it stays, it is a fault of this program.`,
    );
  }
  return undefined;
}
