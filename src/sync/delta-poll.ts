import type { BackupSession } from '../domain/backup-session.ts';
import { overlapMs, type DeltaState } from '../domain/delta-polls.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { TasksMode } from '../domain/sync-run.ts';
import { timestampFromDate, type Timestamp } from '../domain/timestamp.ts';
import {
  countContradictions,
  readExpectedChanges,
  readStateOf,
  readUnseenByDeltas,
  writeDeltaState,
  type DeltaPlan,
} from '../db/delta-state.ts';
import type { HeldRun } from '../db/hold-source.ts';
import { nameJobs } from '../db/name-jobs.ts';
import { unknownRecord } from '../db/upsert-sessions.ts';
import type { ChangesAnswer, ListGroup, Source } from '../sources/source.ts';
import { openBatchWriter } from './batch-writer.ts';
import { fillHoles, readKnownHoles } from './fill-holes.ts';
import { rememberList, type ListMemory } from './list-memory.ts';
import { readList } from './read-list.ts';
import type { Tally } from './tally.ts';

const batchSize = 500;
/** Known unfinished sessions that an answer does not show are asked for by id, so many a poll: the whole list shows the rest. */
const mostAskedFor = 100;
/** What turned out not to work is tried again after so long. Milliseconds. */
const restMs = 86_400_000;
/** An answer is compared with the list for what ended within so long before it: a few hundred sessions. Milliseconds. */
const checkMs = 3 * 3_600_000;

type DeltaRun = {
  readonly plan: DeltaPlan & { readonly state: DeltaState };
  readonly tally: Tally;
  readonly options: { readonly tasks: TasksMode; readonly isImpatient: boolean };
  /** Told before anything is written, for the run's counts. */
  readonly onMemory: (memory: ListMemory) => void;
};

/**
 * Reads what is unfinished or has ended since the last good poll, and writes what is new or changed of it. Returns the reason
 * when the whole list has to be read instead; what was written until then stays. Holes and texts are tried as in any run.
 */
export async function readChangedSessions(
  source: Source,
  held: HeldRun,
  { plan, tally, options, onMemory }: DeltaRun,
): Promise<string | undefined> {
  const { state } = plan;
  const answer = await source.readChanges(earlier(state.upTo, overlapMs));
  if (answer.as !== 'whole') {
    await held.write((write) => writeDeltaState(write, distrust(state, answer, plan.now)));
    return answer.reason;
  }
  const ids = answer.records.flatMap((record) => (record.as === 'unreadable' ? [] : record.session.id));
  const known = await held.read((database, sourceId) => readStateOf(database, sourceId, ids));
  const holes = await readKnownHoles(held, options.isImpatient);
  const memory = rememberList(known.listed);
  onMemory(memory);
  const unfinished = new Set(known.unfinished);
  const writer = openBatchWriter(held, tally, {
    size: batchSize,
    tasks: options.tasks,
    jobNames: new Set(known.jobNames),
    unfinished,
    holes: holes.keys,
    parser: source.parser,
  });
  const asked = new Set<string>();
  const records = answer.records.filter((record) => !memory.isKnown(record.fingerprint)).map(asListed);
  await readList(
    { form: 'entity', readAt: answer.readAt, groups: inOneGroup(records) },
    {
      source,
      memory,
      writer,
      tally,
      unfinished,
      paused: holes.paused,
      asked,
      onRecords: () => undefined,
    },
  );

  // They have an end that came late, or none that counts; that they are not shown says nothing about their being there.
  let leftOut = 0;
  const notShown = known.unfinished.filter((id) => !memory.hasSeen(id) && !asked.has(id));
  for await (const one of source.lookUp(notShown.slice(0, mostAskedFor))) {
    asked.add(one.id);
    if (one.as !== 'session') continue;
    writer.add('whole', one.session, { fingerprint: null, isCounted: false });
    if (isAtWork(one.session)) leftOut += 1;
  }
  await writer.writeAll();
  await fillHoles(held, source, writer, { due: holes.due, asked, tally, isListWhole: false });

  const untrue = { as: 'untrue', reason: `/query leaves out ${leftOut} sessions that are at work.` } as const;
  const next: DeltaState =
    leftOut > 0
      ? distrust(state, untrue, plan.now)
      : { ...state, upTo: later(state.upTo, answer.readAt), polls: state.polls + 1 };
  await held.write(async (write) => {
    if (tally.stored + asked.size > 0) await nameJobs(write, plan.version + 1n);
    await writeDeltaState(write, next);
  });
  return leftOut > 0 ? untrue.reason : undefined;
}

/**
 * After a whole list: asks once more for what has ended lately, and compares that with the list. Polls of changes follow only
 * while nothing is left out and nothing is shown otherwise. Also says what the polls before the list should have shown.
 */
export async function checkChanges(
  source: Source,
  held: HeldRun,
  list: {
    readonly plan: DeltaPlan;
    readonly readAt: Timestamp;
    readonly isGood: boolean;
    /** Sessions without an end before this list. */
    readonly unfinished: readonly string[];
  },
): Promise<DeltaState> {
  const { plan, readAt } = list;
  const before = plan.state;
  const base = {
    listedAt: readAt,
    isListGood: list.isGood,
    upTo: readAt,
    at: plan.now,
    polls: 0,
    missed: before?.missed ?? null,
    late: before?.late ?? null,
  };
  const isResting = before?.works === false && before.retryAt > plan.now;
  const from = earlier(before === null ? readAt : before.listedAt, overlapMs);
  const since = earlier(readAt, checkMs);
  const answer: ChangesAnswer = isResting
    ? { as: 'untrue', reason: before.reason ?? '' }
    : await askAgain(source, since);
  const found = answer.as === 'whole' ? await compare(held, answer, since) : answer;
  const shown = new Set(answer.as === 'whole' ? answer.records.map(idOf) : []);
  const unseen =
    before === null || before.polls === 0
      ? undefined
      : await held.read((database, sourceId) =>
          readUnseenByDeltas(database, sourceId, {
            version: plan.version,
            startedAt: plan.now,
            unfinished: list.unfinished,
            from,
            to: earlier(before.upTo, overlapMs),
          }),
        );
  // Shown now, they have come late. What /query does not show, or is not asked for any more, was missed.
  const isMissed = (id: string) => answer.as === 'untrue' || (answer.as === 'whole' && !shown.has(id));
  const missed = unseen?.filter(isMissed).length ?? 0;
  const figures = unseen === undefined ? {} : { missed, late: unseen.length - missed };
  const verdict = isResting
    ? { works: false, reason: before.reason, checkedAt: before.checkedAt, retryAt: before.retryAt }
    : found === undefined
      ? { works: true, reason: null, checkedAt: plan.now, retryAt: plan.now }
      : distrusted(found, plan.now);
  const state = { ...base, ...figures, ...verdict };
  await held.write((write) => writeDeltaState(write, state));
  return state;
}

/** What is wrong with an answer, if something is. */
async function compare(
  held: HeldRun,
  answer: Extract<ChangesAnswer, { readonly as: 'whole' }>,
  since: Timestamp,
): Promise<Doubt | undefined> {
  const shown = new Map(answer.records.map((record) => [idOf(record), record]));
  // To the second: how exactly a time is compared is the source's business.
  const expected = await held.read((database, sourceId) =>
    readExpectedChanges(database, sourceId, earlier(since, -1_000)),
  );
  const leftOut = expected.filter((id) => !shown.has(id)).length;
  if (leftOut > 0)
    return {
      as: 'untrue',
      reason: `/query leaves out ${leftOut} of ${expected.length} sessions that the list shows.`,
    };
  const rows = [...shown.values()].flatMap((record) => {
    if (record.as !== 'session') return [];
    const { id, createdAt, jobType, jobId, jobName, serverId } = record.session;
    return {
      session_id: id,
      created_at: createdAt,
      job_type: jobType,
      job_id: jobId,
      job_name: jobName,
      server_id: serverId,
    };
  });
  const otherwise = await held.read((database, sourceId) => countContradictions(database, sourceId, rows));
  return otherwise === 0
    ? undefined
    : { as: 'untrue', reason: `/query shows ${otherwise} sessions otherwise than the list does.` };
}

/** The list is read: a failure here says something about `/query` only. */
async function askAgain(source: Source, since: Timestamp): Promise<ChangesAnswer> {
  try {
    return await source.readChanges(since);
  } catch (error) {
    if (!(error instanceof SyncError) || error.kind === 'interrupted') throw error;
    return { as: 'unavailable', reason: error.message };
  }
}

type Doubt = Exclude<ChangesAnswer, { readonly as: 'whole' }>;
type ChangesRecord = Extract<ChangesAnswer, { readonly as: 'whole' }>['records'][number];

const distrust = (state: DeltaState, doubt: Doubt, now: Timestamp): DeltaState => ({
  ...state,
  ...distrusted(doubt, now),
});

const distrusted = ({ as, reason }: Doubt, now: Timestamp) => ({
  works: false,
  reason,
  checkedAt: now,
  retryAt: as === 'unavailable' ? now : earlier(now, -restMs),
});

/** The source may leave the parent out here, which only the list tells: such a record is to be read again there. */
function asListed(record: ChangesRecord): ChangesRecord {
  if (record.as !== 'session' || record.session.kind !== 'computer' || record.session.parentId !== null)
    return record;
  return { ...record, fingerprint: unknownRecord };
}

const idOf = (record: ChangesRecord) => (record.as === 'unreadable' ? record.fingerprint : record.session.id);

const isAtWork = ({ state, jobType }: BackupSession) =>
  state !== null && state !== 'Stopped' && (jobType === 'AgentBackup' || jobType === 'AgentManagement');

// eslint-disable-next-line @typescript-eslint/require-await -- it is what a list arrives as
async function* inOneGroup(records: ListGroup['records']): AsyncGenerator<ListGroup> {
  yield { count: records.length, records };
}

const earlier = (time: Timestamp, byMs: number) => timestampFromDate(new Date(Date.parse(time) - byMs));
const later = (a: Timestamp, b: Timestamp) => (a > b ? a : b);
