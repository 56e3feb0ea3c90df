import { areDeltasWanted, mayAskForChanges, type FullEvery } from '../domain/delta-polls.ts';
import { timestampFromDate } from '../domain/timestamp.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { ListForm, RunCounts, RunForm, RunOutcome, TasksMode } from '../domain/sync-run.ts';
import { readDeltaPlan, writeDeltaState } from '../db/delta-state.ts';
import type { HeldRun } from '../db/hold-source.ts';
import { writeDiscoveredComputers, writeInventory } from '../db/inventory.ts';
import { closeList, countCreatedSince, countListed, hasSessions, readListState } from '../db/list-state.ts';
import { nameJobs } from '../db/name-jobs.ts';
import { progressRecorder } from '../db/sync-runs.ts';
import type { SessionList, Source } from '../sources/source.ts';
import { openBatchWriter } from './batch-writer.ts';
import { concludeRun, incompleteness } from './conclude-run.ts';
import { checkChanges, readChangedSessions } from './delta-poll.ts';
import { fillHoles, readKnownHoles } from './fill-holes.ts';
import { rememberList, type ListMemory } from './list-memory.ts';
import { readList } from './read-list.ts';
import { countUp, startTally, type Tally } from './tally.ts';
import { toSyncError } from './to-sync-error.ts';

/**
 * Sessions a transaction. Larger ones write no faster and hold more memory; with requests behind them, smaller ones lose less of
 * the work to a crash.
 */
export const batchSize = { entity: 2_500, reference: 1_000 } as const satisfies Record<ListForm, number>;
/** A list that breaks off is read again so often within one run, unless it took so long to break. Milliseconds. */
const listAttempts = 2;
const patienceMs = 30_000;
/** Records after which those who watch hear how far the list has come. */
const reportEvery = 500;
const dayMs = 86_400_000;

export type PollOptions = {
  readonly list: 'auto' | ListForm;
  /** How long polls may go without the whole list, in minutes. */
  readonly fullEvery: FullEvery;
  /** Reads the whole list, however lately that was done. */
  readonly isFull?: boolean;
  readonly tasks: TasksMode;
  readonly signal: AbortSignal;
  /** Whether every hole is tried, as a person who waits expects, or only those that are due. */
  readonly isImpatient: boolean;
  readonly onProgress?: (progress: Pick<RunCounts, 'listed' | 'new' | 'changed'>) => void;
  /** What went wrong without ending the run. */
  readonly onWarning?: (message: string) => void;
};

type State = {
  readonly tally: Tally;
  form: RunForm | null;
  memory: ListMemory;
  /** From the database, after a whole list. */
  missing: number | undefined;
};

/**
 * One run over one source that is held already: reads the list, stores what is new or changed, tries the holes, and proves
 * that everything listed is stored; or reads only what has changed since the last poll. Never throws: a failure is an outcome, and is recorded as one. Does not give the source back.
 */
export async function poll(source: Source, held: HeldRun, options: PollOptions): Promise<RunOutcome> {
  const state: State = {
    tally: startTally(),
    form: null,
    memory: rememberList(new Uint8Array()),
    missing: undefined,
  };
  let failure: SyncError | undefined;
  try {
    await readSource(source, held, options, state);
  } catch (error) {
    failure = toSyncError(error, options.signal, held.lost);
  }
  const { memory, tally } = state;
  const counts = countUp(
    tally,
    { seen: memory.countSeen(), known: memory.countKnown() },
    state.form === 'delta' ? null : state.missing,
  );
  failure ??= incompleteness(tally, counts);
  return concludeRun(source, held, { form: state.form, counts, failure }, options.signal);
}

async function readSource(source: Source, held: HeldRun, options: PollOptions, state: State): Promise<void> {
  await source.logOn();
  const plan = await held.read(readDeltaPlan);
  if (
    plan.state !== null &&
    options.isFull !== true &&
    mayAskForChanges(plan.state, options.fullEvery, plan)
  ) {
    state.form = 'delta';
    const run = {
      plan: { ...plan, state: plan.state },
      tally: state.tally,
      options,
      onMemory: (memory: ListMemory) => (state.memory = memory),
    };
    const reason = await readChangedSessions(source, held, run);
    if (reason === undefined) return;
    options.onWarning?.(`${reason} The whole list is read instead.`);
    state.form = null;
    state.tally.stored = 0;
  }
  await readWholeSource(source, held, options, state);
}

async function readWholeSource(
  source: Source,
  held: HeldRun,
  options: PollOptions,
  state: State,
): Promise<void> {
  const plan = await held.read(readDeltaPlan);
  const known = await held.read(readListState);
  const holes = await readKnownHoles(held, options.isImpatient);
  const { tally } = state;
  const memory = (state.memory = rememberList(known.listed));
  const jobNames = new Set([...known.jobNames, ...(await readInventory(source, held, options))]);
  if (known.areComputersDue) {
    const computers = await optional(() => source.readComputers(), options);
    await held.write((write) => writeDiscoveredComputers(write, computers ?? null));
  }

  const record = progressRecorder(held.database, held);
  let listed = 0;
  let reported = 0;
  const report = () => {
    reported = listed;
    const progress = { listed, new: tally.new, changed: tally.changed };
    options.onProgress?.(progress);
    record(progress);
  };
  const unfinished = new Set(known.unfinished);
  const openWriter = (form: ListForm) =>
    openBatchWriter(held, tally, {
      size: batchSize[form],
      tasks: options.tasks,
      jobNames,
      unfinished,
      holes: holes.keys,
      parser: source.parser,
      onWritten: report,
    });
  const asked = new Set<string>();
  const context = {
    source,
    memory,
    tally,
    unfinished,
    paused: holes.paused,
    asked,
    onRecords: (records: number) => {
      listed += records;
      if (listed - reported >= reportEvery) report();
    },
  };

  const list = await readWhole(
    async () => {
      const opened = await source.list(options.list, memory.isKnown);
      state.form = opened.form;
      await readList(opened, { ...context, writer: openWriter(opened.form) });
      return opened;
    },
    () => {
      memory.startOver();
      tally.stored = listed = reported = 0;
      tally.unreadable.clear();
      tally.unfetched.clear();
      tally.unidentified.clear();
      asked.clear();
    },
    tally,
    options,
  );
  const isDoubted = await close(list, source, held, memory, options);
  await fillHoles(held, source, openWriter('reference'), {
    due: holes.due,
    asked,
    tally,
    isListWhole: true,
  });
  await held.write((write) => nameJobs(write, known.version + 1n));
  state.missing = Math.max(0, memory.countSeen() - (await held.read(countListed)));
  const isGood = !isDoubted && state.missing === 0;
  await prepareDeltas(source, held, options, {
    plan,
    readAt: list.readAt,
    isGood,
    unfinished: [...known.unfinished],
    listed: memory.countSeen(),
  });
  const collectedAt = await optional(() => source.readCollectedAt(), options);
  if (collectedAt !== undefined) {
    await held.write(async ({ tx, sourceId }) => {
      await tx.$executeRaw`
        update sources set last_collected_at = ${collectedAt}::timestamptz where id = ${sourceId}::integer`;
    });
  }
}

/** Finds out whether the polls until the next whole list may ask for changes only. */
async function prepareDeltas(
  source: Source,
  held: HeldRun,
  options: PollOptions,
  list: Parameters<typeof checkChanges>[2] & { readonly listed: number },
): Promise<void> {
  const { state } = list.plan;
  if (!areDeltasWanted(options.fullEvery, list.listed)) {
    if (state !== null) await held.write((write) => writeDeltaState(write, null));
    return;
  }
  const { works, reason, missed } = await checkChanges(source, held, list);
  if (!works && state?.works !== false)
    options.onWarning?.(`Polls read the whole list, because ${reason ?? 'changes cannot be asked for'}`);
  if (missed !== null && missed > 0 && state?.polls !== 0)
    options.onWarning?.(`Polls of changes had missed ${missed} sessions that the list shows.`);
}

/** Reads a list, once more if it breaks off soon for a reason that may pass. */
async function readWhole(
  read: () => Promise<SessionList>,
  startOver: () => void,
  tally: Tally,
  options: PollOptions,
): Promise<SessionList> {
  for (let attempt = 1; ; attempt += 1) {
    const startedAt = performance.now();
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof SyncError) || error.kind !== 'transient' || tally.hasWriteFailed) throw error;
      if (attempt >= listAttempts || performance.now() - startedAt > patienceMs) throw error;
      options.onWarning?.(`${error.message} Reading the list again.`);
      startOver();
    }
  }
}

/**
 * Notes what the list no longer shows, and what it covers. A list that suddenly lacks most of what it should still show is
 * stored, but covers nothing: the next one tells whether that was the truth. Returns whether it is doubted.
 */
async function close(
  list: SessionList,
  source: Source,
  held: HeldRun,
  memory: ListMemory,
  options: PollOptions,
): Promise<boolean> {
  const gone = memory.gone();
  const start = Date.parse(list.readAt) - source.listReachMs;
  // A day's grace: the source cuts its list by its own clock.
  const since = timestampFromDate(new Date(start + dayMs));
  const young =
    gone.length === 0
      ? 0
      : await held.read((database, sourceId) => countCreatedSince(database, sourceId, gone, since));
  const isEmpty = memory.countSeen() === 0 && (await held.read(hasSessions));
  const isDoubted = isEmpty || (young >= 10 && young > memory.countBefore() / 2);
  if (isDoubted) {
    options.onWarning?.(
      isEmpty
        ? 'The list is empty, though this source has a history. Nothing is deleted here, and the list counts as not read: its time stays a gap.'
        : `The list lacks ${young} of ${memory.countBefore()} sessions that it should still show. Was a backup server removed, or Enterprise Manager restored from a backup? Nothing is deleted here, what comes back is taken up again, and what this list should cover stays a gap until the next one.`,
    );
  }
  const range = { from: timestampFromDate(new Date(start)), to: list.readAt, isDoubted };
  await held.write((write) => closeList(write, { gone, range }));
  return isDoubted;
}

/** Stores servers and jobs where the account may read them, and returns the names of the jobs administrators made. */
async function readInventory(
  source: Source,
  held: HeldRun,
  options: PollOptions,
): Promise<readonly string[]> {
  const servers = (await optional(() => source.readServers(), options)) ?? [];
  const jobs = (await optional(() => source.readJobs(), options)) ?? [];
  if (servers.length + jobs.length > 0) await held.write((write) => writeInventory(write, servers, jobs));
  return jobs.filter((job) => job.jobType !== 'AgentManagement').map((job) => job.name);
}

/** Reads what a run can do without. The logon has succeeded: whatever fails here says something about this resource only. */
async function optional<T>(read: () => Promise<T>, options: PollOptions): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SyncError) || error.kind === 'interrupted') throw error;
    options.onWarning?.(`${error.message} The run goes on without it.`);
    return undefined;
  }
}
