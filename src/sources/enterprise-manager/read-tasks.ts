import type { BackupTask } from '../../domain/backup-task.ts';
import type { TasksAnswer } from '../source.ts';
import { askForTasks } from './ask-one.ts';
import { askInBatch, distinct, inGroups, type Batch } from './batch.ts';
import { idsPerBatch } from './bounds.ts';
import { inParallel } from './in-parallel.ts';
import type { LookUpOptions } from './look-up-sessions.ts';
import { entityOf } from './read-elements.ts';
import { readTask, sessionOfTask } from './read-task.ts';

const tasks: Batch<BackupTask> = {
  what: 'tasks',
  type: 'BackupTaskSession',
  field: 'JobSessionUid',
  read: (cut) => {
    const found = entityOf(cut);
    const owner = found === undefined ? null : sessionOfTask(found.entity);
    if (found === undefined || owner === null) return undefined;
    return { id: owner, row: readTask(found.entity, found.id, owner, found.isGarbled) };
  },
};

/** Sessions without tasks in a batch are asked for singly until so many had none. */
const emptiesToProve = 10;
/** From then on every tenth. */
const sampleEvery = 10;
const witnessesPerBatch = 5;
/** Sessions that wait to be asked for singly, or to be proved empty. */
const waitingAtOnce = 500;

/**
 * Reads tasks of sessions, many sessions at a time as long as that proves true. A batch says of a session without tasks just
 * nothing, and EM's own empty list is the proof: asked for the first ones and for a sample; the others are asked for in a
 * second batch, together with sessions known to have tasks. One contradiction, and all that wait are asked for singly.
 */
export function openTaskReading({ ask, learned, isBatchAllowed, concurrency, giveUp }: LookUpOptions) {
  let comparison: Promise<boolean> | undefined;

  async function singly(sessionId: string): Promise<TasksAnswer> {
    const instead = giveUp.instead();
    if (instead !== undefined) return { sessionId, ...instead };
    const answer = await askForTasks(ask, sessionId);
    giveUp.note(answer);
    return answer;
  }

  /** Batches under way together all wait for the first to be compared. */
  function isTrue(sample: TasksAnswer): Promise<boolean> {
    return (comparison ??= askForTasks(ask, sample.sessionId).then((own) => {
      if (own.as === 'failed') comparison = undefined;
      else if (!isSame(sample, own))
        learned.failed(
          'tasks',
          `/query shows other tasks of session ${sample.sessionId} than the session itself`,
        );
      return isSame(sample, own);
    }));
  }

  async function inBatch(ids: readonly string[]) {
    const nothing = { answers: [] as TasksAnswer[], empty: [] as string[], singly: ids };
    if (!learned.mayTry('tasks')) return nothing;
    const found = await askInBatch(ask, learned, tasks, ids);
    if (found === undefined) return nothing;
    const answers: TasksAnswer[] = [];
    const empty: string[] = [];
    const rest: string[] = [];
    for (const [sessionId, rows] of found) {
      if (rows.length === 0) empty.push(sessionId);
      else if (new Set(rows.map(({ id }) => id)).size < rows.length) rest.push(sessionId);
      else answers.push({ sessionId, as: 'tasks', tasks: rows });
    }
    const [sample] = answers;
    if (sample !== undefined && !(await isTrue(sample))) return nothing;
    if (answers.length > 0) learned.worked('tasks');
    return { answers, empty, singly: rest };
  }

  /** Proves sessions empty that a batch had no tasks of. */
  async function* settle(
    empty: readonly string[],
    witnesses: ReadonlyMap<string, number>,
  ): AsyncGenerator<TasksAnswer> {
    const unproved = Math.max(0, emptiesToProve - learned.emptiesProved());
    const sampled = empty.filter((_, index) => index < unproved || (index - unproved) % sampleEvery === 0);
    const asked = new Set<string>();
    let isHonest = learned.mayTry('tasks');
    for await (const answer of inParallel(isHonest ? sampled : [], concurrency, singly)) {
      asked.add(answer.sessionId);
      if (answer.as === 'tasks' && answer.tasks.length > 0) {
        isHonest = false;
        learned.failed('tasks', '/query leaves out tasks of sessions that have some');
      } else if (answer.as === 'tasks' && learned.emptiesProved() < emptiesToProve) learned.proveEmpty();
      yield answer;
    }
    const rest = empty.filter((id) => !asked.has(id));
    if (!isHonest || learned.emptiesProved() < emptiesToProve) {
      yield* inParallel(rest, concurrency, singly);
      return;
    }
    const known = [...witnesses].slice(0, witnessesPerBatch);
    for await (const group of inGroups(rest, idsPerBatch - known.length)) {
      const found =
        known.length === 0
          ? undefined
          : await askInBatch(ask, learned, tasks, [...group, ...known.map(([id]) => id)]);
      const isProof = found !== undefined && known.every(([id, count]) => found.get(id)?.length === count);
      const proved = group.filter((id) => isProof && found.get(id)?.length === 0);
      for (const sessionId of proved) yield { sessionId, as: 'tasks', tasks: [] };
      const others = group.filter((id) => !proved.includes(id));
      yield* inParallel(others, concurrency, singly);
    }
  }

  return async function* (sessionIds: Iterable<string>): AsyncGenerator<TasksAnswer> {
    if (!isBatchAllowed || !learned.mayTry('tasks')) {
      yield* inParallel(distinct(sessionIds), concurrency, singly);
      return;
    }
    const waiting: string[] = [];
    const empty: string[] = [];
    const witnesses = new Map<string, number>();
    const groups = inGroups(distinct(sessionIds), idsPerBatch);
    for await (const batch of inParallel(groups, concurrency, inBatch)) {
      for (const answer of batch.answers)
        if (answer.as === 'tasks' && witnesses.size < witnessesPerBatch)
          witnesses.set(answer.sessionId, answer.tasks.length);
      yield* batch.answers;
      waiting.push(...batch.singly);
      empty.push(...batch.empty);
      if (waiting.length >= waitingAtOnce) yield* inParallel(waiting.splice(0), concurrency, singly);
      if (empty.length >= waitingAtOnce) yield* settle(empty.splice(0), witnesses);
    }
    yield* inParallel(waiting, concurrency, singly);
    yield* settle(empty, witnesses);
  };
}

function isSame(row: TasksAnswer, own: TasksAnswer): boolean {
  if (row.as !== 'tasks' || own.as !== 'tasks') return false;
  const ids = new Set(own.tasks.map(({ id }) => id));
  return row.tasks.length === ids.size && row.tasks.every(({ id }) => ids.has(id));
}
