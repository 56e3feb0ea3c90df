import type { BackupSession, PartialSession } from '../../domain/backup-session.ts';
import type { SessionAnswer } from '../source.ts';
import { askForSession } from './ask-one.ts';
import { askInBatch, distinct, inGroups, type Batch } from './batch.ts';
import { idsPerBatch } from './bounds.ts';
import type { GiveUp } from './give-up.ts';
import { inParallel } from './in-parallel.ts';
import type { Learned } from './learned.ts';
import type { Ask } from './query-page.ts';
import { fillFrom, readRecord } from './read-record.ts';

export type LookUpOptions = {
  readonly ask: Ask;
  readonly learned: Learned;
  readonly isBatchAllowed: boolean;
  readonly concurrency: number;
  readonly giveUp: GiveUp;
};

type Named = (id: string) => PartialSession | undefined;

/** Rows of /query that are sessions, by id. */
export const sessionsByUid: Batch<BackupSession> = {
  what: 'sessions',
  type: 'BackupJobSession',
  field: 'UID',
  read: (cut) => {
    const record = readRecord(cut);
    return record?.as === 'session' ? { id: record.session.id, row: record.session } : undefined;
  },
};

/** So many ids that wait to be asked for singly are too many to let wait. */
const singlyAtOnce = 500;
/** Computers' sessions without a parent, once so many had none by id either, are believed. */
const orphansToProve = 5;

/**
 * Looks sessions up, many at a time as long as that proves true, singly what a batch did not answer or contradicted. One
 * answer of a batch is compared with the session's own, and what batches leave out is counted.
 */
export function openSessionLookUp({ ask, learned, isBatchAllowed, concurrency, giveUp }: LookUpOptions) {
  let comparison: Promise<boolean> | undefined;
  let orphansProved = 0;
  const asked = { inBatches: 0, leftOut: 0 };
  /** Ids that a batch left out, until they are asked for singly. */
  const missing = new Set<string>();

  async function singly(id: string, named: Named): Promise<SessionAnswer> {
    const instead = giveUp.instead();
    if (instead !== undefined) return { id, ...instead };
    const answer = await askForSession(ask, id);
    giveUp.note(answer);
    if (answer.as === 'session') return { ...answer, session: fillFrom(answer.session, named(id)) };
    if (answer.as === 'part') return { ...answer, session: fillFrom(answer.session, named(id)) };
    return answer;
  }

  /** Batches under way together all wait for the first to be compared. */
  function isTrue(sample: SessionAnswer): Promise<boolean> {
    return (comparison ??= askForSession(ask, sample.id).then((own) => {
      if (own.as === 'failed') comparison = undefined;
      else if (!isSame(sample, own))
        learned.failed('sessions', `/query shows session ${sample.id} otherwise than it is by id`);
      return isSame(sample, own);
    }));
  }

  async function inBatch(ids: readonly string[], named: Named) {
    const nothing = { answers: [] as SessionAnswer[], singly: ids };
    if (!learned.mayTry('sessions')) return nothing;
    const found = await askInBatch(ask, learned, sessionsByUid, ids);
    if (found === undefined) return nothing;
    const answers: SessionAnswer[] = [];
    const rest: string[] = [];
    const leftOut = new Set<string>();
    for (const [id, rows] of found) {
      const [row, second] = rows;
      if (row === undefined) leftOut.add(id);
      const session = row === undefined || second !== undefined ? undefined : fillFrom(row, named(id));
      if (session === undefined || isSuspiciousOrphan(session)) rest.push(id);
      else answers.push({ id, as: 'session', session });
    }
    const [sample] = answers;
    if (sample !== undefined && !(await isTrue(sample))) return nothing;
    asked.inBatches += ids.length;
    for (const id of leftOut) missing.add(id);
    if (answers.length > 0) learned.worked('sessions');
    return { answers, singly: rest };
  }

  /** What the answer by id says of a batch that had none, or no parent in it. */
  function learnFrom(answer: SessionAnswer): void {
    const isKnownById = answer.as === 'session' || answer.as === 'part';
    if (missing.delete(answer.id)) {
      if (!isKnownById) return;
      asked.leftOut += 1;
      if (asked.leftOut >= 3 && asked.leftOut * 10 > asked.inBatches)
        learned.failed('sessions', '/query leaves out sessions that are known by id');
    } else if (isKnownById && answer.session.kind === 'computer') {
      orphansProved = answer.session.parentId === null ? orphansProved + 1 : 0;
    }
  }

  function isSuspiciousOrphan(session: BackupSession): boolean {
    return session.kind === 'computer' && session.parentId === null && orphansProved < orphansToProve;
  }

  return async function* (
    ids: Iterable<string> | AsyncIterable<string>,
    named: Named = () => undefined,
  ): AsyncGenerator<SessionAnswer> {
    if (!isBatchAllowed || !learned.mayTry('sessions')) {
      yield* inParallel(distinct(ids), concurrency, (id) => singly(id, named));
      return;
    }
    async function* askSingly(waiting: readonly string[]): AsyncGenerator<SessionAnswer> {
      for await (const answer of inParallel(waiting, concurrency, (id) => singly(id, named))) {
        learnFrom(answer);
        yield answer;
      }
    }
    const waiting: string[] = [];
    const groups = inGroups(distinct(ids), idsPerBatch);
    for await (const { answers, singly: rest } of inParallel(groups, concurrency, (group) =>
      inBatch(group, named),
    )) {
      yield* answers;
      waiting.push(...rest);
      if (waiting.length >= singlyAtOnce) yield* askSingly(waiting.splice(0));
    }
    yield* askSingly(waiting);
  };
}

/** What does not change while a session runs. */
function isSame(row: SessionAnswer, own: SessionAnswer): boolean {
  if (row.as !== 'session' || own.as !== 'session') return false;
  return (['createdAt', 'jobType', 'jobId', 'name', 'serverId'] as const).every(
    (field) => row.session[field] === own.session[field],
  );
}
