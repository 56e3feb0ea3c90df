import { cover, gapsOf, noteVainTry, type Span } from '../domain/coverage.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { RunOutcome, TasksMode } from '../domain/sync-run.ts';
import { timestampFromDate, type Timestamp } from '../domain/timestamp.ts';
import { changeCoverage, readCoverage } from '../db/coverage.ts';
import type { HeldRun } from '../db/hold-source.ts';
import { readListState } from '../db/list-state.ts';
import { nameJobs } from '../db/name-jobs.ts';
import type { Source, Window, WindowAnswer } from '../sources/source.ts';
import { openBatchWriter, type BatchWriter } from './batch-writer.ts';
import { readKnownHoles } from './fill-holes.ts';
import { halve } from './halve.ts';
import { concludeRun } from './conclude-run.ts';
import { countUp, startTally, type Tally } from './tally.ts';
import { toSyncError } from './to-sync-error.ts';

const dayMs = 86_400_000;
/** The longest window asked for at once; days with few sessions are read together. */
const longestMs = 16 * dayMs;
/** A window that showed fewer sessions is followed by one twice as long. */
const fewSessions = 200;
/**
 * Doubtful answers in a row, none between them whole and with sessions, after which a source is not asked on. Narrowing one
 * bad record down from the longest window to a second takes 21; a source that always lies would be asked for every second.
 */
const patience = 50;

export type BackfillOptions = {
  /** How far back to read; undefined: as far as the timeline reaches. */
  readonly since: Timestamp | undefined;
  /** Reads what is covered before this moment too, newest first; undefined: gaps only. */
  readonly againUntil: Timestamp | undefined;
  readonly tasks: TasksMode;
  /** Whether gaps are tried that were tried in vain lately. */
  readonly isImpatient: boolean;
  readonly signal: AbortSignal;
  /** Asked before each window: whether to leave the rest for another time. */
  readonly isTimeUp?: () => boolean;
  readonly onProgress?: (progress: {
    readonly day: string;
    readonly read: number;
    readonly new: number;
  }) => void;
};

export type BackfillOutcome = RunOutcome & {
  /** What could not be read whole, and why. */
  readonly doubts: readonly Doubt[];
  /** Of what was to be read again: where to go on; null: nothing is left. */
  readonly againUntil: Timestamp | null;
  /** Whether windows are left because the time was up. */
  readonly isCutShort: boolean;
};

type Doubt = Window & { readonly reason: string };

/**
 * Reads what no list showed, window by window from the newest, and notes each that came whole: a backfill that was cut short
 * goes on there. A window that cannot be proved whole is read in smaller ones; what stays doubtful stays a gap, with the
 * reason. Never throws; sessions are only ever added or updated.
 */
export async function backfill(
  source: Source,
  held: HeldRun,
  options: BackfillOptions,
): Promise<BackfillOutcome> {
  const tally = startTally();
  const doubts: Doubt[] = [];
  const seen = { sessions: 0, doubtful: 0 };
  let againUntil: Timestamp | null = options.againUntil ?? null;
  let isCutShort = false;
  let failure: SyncError | undefined;
  try {
    const { now } = await source.logOn();
    const known = await held.read(readListState);
    const timeline = await held.read(readCoverage);
    const holes = await readKnownHoles(held, true);
    const writer = openBatchWriter(held, tally, {
      size: 500,
      tasks: options.tasks,
      jobNames: known.jobNames,
      unfinished: new Set(known.unfinished),
      holes: holes.keys,
      parser: source.parser,
    });
    const ranges = rangesToRead(timeline, { ...options, now });
    for (const range of ranges) {
      let to = range.to;
      let lengthMs = dayMs;
      while (to > range.from) {
        if (options.signal.aborted) throw new SyncError('interrupted', 'The backfill was stopped.');
        if (options.isTimeUp?.() === true) {
          isCutShort = true;
          break;
        }
        const from = laterOf(shift(to, -lengthMs), range.from);
        const before = seen.sessions;
        await readWindow({ from, to }, { source, held, writer, tally, doubts, seen, ranges });
        if (options.againUntil !== undefined) againUntil = from;
        options.onProgress?.({ day: from.slice(0, 10), read: seen.sessions, new: tally.new });
        lengthMs = seen.sessions - before < fewSessions ? Math.min(lengthMs * 2, longestMs) : dayMs;
        to = from;
      }
      if (isCutShort) break;
    }
    if (!isCutShort) againUntil = null;
    await held.write((write) => nameJobs(write, known.version + 1n));
  } catch (error) {
    failure = toSyncError(error, options.signal, held.lost);
  }
  const counts = countUp(tally, { seen: seen.sessions, known: 0 }, undefined);
  failure ??= incompleteness(doubts, tally);
  const outcome = await concludeRun(source, held, { form: 'entity', counts, failure }, options.signal);
  return { ...outcome, doubts, againUntil, isCutShort };
}

/** What is to be read, newest first. `now`: by the clock of the source, which alone knows what it can have by then. */
export function rangesToRead(
  timeline: readonly Span[],
  {
    since,
    againUntil,
    isImpatient,
    now,
  }: Pick<BackfillOptions, 'since' | 'againUntil' | 'isImpatient'> & { readonly now: Timestamp },
): readonly Window[] {
  const end = timeline.at(-1)?.to ?? now;
  if (againUntil !== undefined) {
    const from = since ?? timeline[0]?.from ?? end;
    return [{ from, to: againUntil < end ? againUntil : end }];
  }
  if (timeline.length === 0) return since === undefined ? [] : [{ from: since, to: end }];
  const ours = timestampFromDate(new Date());
  return gapsOf(timeline, since).filter((gap) => isImpatient || gap.dueAt === null || gap.dueAt <= ours);
}

type Context = {
  readonly source: Source;
  readonly held: HeldRun;
  readonly writer: BatchWriter;
  readonly tally: Tally;
  readonly doubts: Doubt[];
  /** Sessions of windows that are done with; doubtful answers in a row. */
  readonly seen: { sessions: number; doubtful: number };
  /** All that is to be read. */
  readonly ranges: readonly Window[];
};

async function readWindow(window: Window, context: Context): Promise<void> {
  const { source, held, doubts, seen } = context;
  const answer = await source.readWindow(window);
  await store(answer, context);
  switch (answer.as) {
    case 'whole': {
      seen.sessions += answer.records.length;
      if (answer.records.length > 0) seen.doubtful = 0;
      await held.write((write) =>
        changeCoverage(write, (timeline, now) => cover(timeline, { ...window, via: 'query', readAt: now })),
      );
      return;
    }
    case 'refused':
      return giveUp(answer.reason, context);
    case 'too-large':
    case 'doubtful': {
      if (answer.as === 'doubtful' && ++seen.doubtful >= patience)
        return giveUp(`${patience} answers in a row could not be trusted. ${answer.reason}`, context);
      const halves = halve(window);
      if (halves !== undefined) {
        for (const half of halves) await readWindow(half, context);
        return;
      }
      seen.sessions += answer.records.length;
      const reason =
        answer.as === 'doubtful'
          ? answer.reason
          : 'More sessions were created at one moment than can be read.';
      doubts.push({ ...window, reason });
      await noteDoubt(held, window, reason);
    }
  }
}

/** Leaves all that is not covered yet to another time, with the reason. */
async function giveUp(reason: string, { held, ranges }: Context): Promise<never> {
  for (const range of ranges) await noteDoubt(held, range, reason);
  throw new SyncError('contract', `${reason} What was read before is kept.`);
}

/** Stores what came, whole or not: a session is not lost because its neighbours are doubtful. */
async function store(answer: WindowAnswer, { writer, tally }: Context): Promise<void> {
  for (const record of answer.records) {
    switch (record.as) {
      case 'session':
        writer.add('whole', record.session, { fingerprint: null, isCounted: true });
        break;
      case 'part':
        tally.unreadable.set(record.session.id, record.reason);
        writer.add('part', record.session, { fingerprint: null, isCounted: true });
        writer.addHole({
          kind: 'unreadable',
          key: record.session.id,
          sessionId: record.session.id,
          reason: record.reason,
          text: record.text,
          form: 'entity',
          wasTried: false,
        });
        break;
      case 'unreadable':
        tally.unidentified.set(record.fingerprint, record.reason);
        writer.addHole({
          kind: 'unreadable',
          key: record.fingerprint,
          sessionId: null,
          reason: record.reason,
          text: record.text,
          form: 'entity',
          wasTried: false,
        });
    }
    await writer.writeIfFull();
  }
  await writer.writeAll();
}

const noteDoubt = (held: HeldRun, window: Window, reason: string) =>
  held.write((write) =>
    changeCoverage(write, (timeline, now) =>
      noteVainTry(timeline, { ...window, reason, at: now, dueAt: shift(now, dayMs) }),
    ),
  );

function incompleteness(doubts: readonly Doubt[], tally: Tally): SyncError | undefined {
  const [doubt] = doubts;
  if (doubt !== undefined) {
    return new SyncError(
      'contract',
      `${doubts.length} windows could not be proved whole and stay gaps. The first, from ${doubt.from}: ${doubt.reason}`,
    );
  }
  const reason = tally.unreadable.first() ?? tally.unidentified.first();
  if (reason === undefined) return undefined;
  return new SyncError(
    'contract',
    `${tally.unreadable.size + tally.unidentified.size} sessions could not be read whole; view report.holes shows them. The first: ${reason}`,
  );
}

const shift = (at: Timestamp, ms: number): Timestamp => timestampFromDate(new Date(Date.parse(at) + ms));
const laterOf = (a: Timestamp, b: Timestamp): Timestamp => (a > b ? a : b);
