import type { BackupTask } from '../../domain/backup-task.ts';
import { printable } from '../../domain/printable.ts';
import { SyncError, type ErrorKind } from '../../domain/sync-error.ts';
import type { SessionAnswer, TasksAnswer } from '../source.ts';
import { maxRecordBytes } from './bounds.ts';
import { explainBreak } from './judge-answer.ts';
import { describeStart, notOfItsKind } from './markup.ts';
import { readRecord } from './read-record.ts';
import { entityOf, readElements } from './read-elements.ts';
import { readTask, sessionOfTask } from './read-task.ts';
import { readWhole } from './read-whole.ts';
import type { Ask } from './query-page.ts';
import type { Answer } from './transport.ts';

type Failed = { readonly as: 'failed'; readonly kind: ErrorKind; readonly reason: string };
type Outcome<T> = T | { readonly as: 'gone' } | Failed;

const failed = (kind: ErrorKind, reason: string): Failed => ({
  as: 'failed',
  kind,
  reason: printable(reason),
});

/** Asked again so often when what comes is no answer, or breaks. */
const tries = 2;

/**
 * Asks for one thing. Whatever is wrong with the answer is the outcome of that thing alone; only a request that cannot be
 * sent at all throws.
 */
async function askOne<T extends { readonly as: string }>(
  ask: Ask,
  path: string,
  read: (answer: Answer) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  for (let attempt = 1; ; attempt += 1) {
    const { answer, judgement } = await ask(path, { attempts: 3 });
    if (judgement.as === 'gone') return { as: 'gone' };
    if (judgement.as !== 'document') return failed(judgement.kind, judgement.reason);
    let outcome: Outcome<T>;
    try {
      outcome = await read(answer);
    } catch (error) {
      if (!(error instanceof SyncError) || error.kind === 'interrupted') throw error;
      outcome = failed(error.kind, error.message);
    }
    if (outcome.as !== 'failed' || attempt >= tries) return outcome;
  }
}

export async function askForSession(ask: Ask, id: string): Promise<SessionAnswer> {
  const outcome = await askOne(ask, `/backupSessions/${id}?format=Entity`, async (answer) => {
    const bytes = await readWhole(answer, maxRecordBytes);
    const record = readRecord({ name: '', bytes, fingerprint: '', fault: '' });
    if (record === undefined || record.as === 'unreadable') {
      const start = describeStart(bytes);
      const reason = start === notOfItsKind && record !== undefined ? record.reason : `It ${start}.`;
      return failed('contract', `The answer for session ${id} is none. ${reason}`);
    }
    if (record.session.id !== id)
      return failed(
        'contract',
        `Enterprise Manager answered with session ${record.session.id} when asked for ${id}.`,
      );
    if (record.as === 'reference')
      return failed('contract', `Enterprise Manager answered with a reference when asked for session ${id}.`);
    if (record.as === 'session') return { as: record.as, session: record.session } as const;
    return { as: record.as, session: record.session, reason: record.reason, text: record.text } as const;
  });
  return { id, ...outcome };
}

export async function askForTasks(ask: Ask, sessionId: string): Promise<TasksAnswer> {
  const path = `/backupSessions/${sessionId}/taskSessions?format=Entity`;
  const outcome = await askOne(ask, path, async (answer) => {
    const tasks = new Map<string, BackupTask>();
    const references: string[] = [];
    const foreign = new Set<string>();
    let fault: string | undefined;
    const what = `The answer for the tasks of session ${sessionId}`;
    await readElements(answer, {
      what,
      checkRoot: (root) => {
        if (!/(Sessions|References)$/.test(root)) throw new SyncError('contract', `begins with <${root}>`);
      },
      take: (cut) => {
        if (cut.name === 'Links' || cut.name === 'PagingInfo') return;
        const found = entityOf(cut);
        if (found === undefined) {
          fault ??= cut.fault === '' ? 'cannot be read' : cut.fault;
          return;
        }
        if (cut.name.endsWith('Ref')) {
          references.push(found.id);
          return;
        }
        const owner = sessionOfTask(found.entity) ?? sessionId;
        // They come with the session they belong to.
        if (owner !== sessionId) foreign.add(owner);
        else tasks.set(found.id, readTask(found.entity, found.id, sessionId, found.isGarbled));
      },
    });
    if (fault !== undefined) return failed('contract', `${what} has a task that ${fault}.`);
    if (foreign.size > 0 && tasks.size === 0)
      return failed('contract', `${what} has those of session ${[...foreign][0] ?? ''} instead.`);
    // An older EM lists references only.
    for (const id of references) {
      const task = await askForTask(ask, id, sessionId);
      if (task.as === 'failed') return task;
      if (task.as === 'task') tasks.set(id, task.task);
    }
    return { as: 'tasks', tasks: [...tasks.values()] } as const;
  });
  return { sessionId, ...outcome };
}

function askForTask(ask: Ask, id: string, sessionId: string) {
  return askOne(ask, `/backupTaskSessions/${id}?format=Entity`, async (answer) => {
    const what = `The answer for task ${id}`;
    try {
      const bytes = await readWhole(answer, maxRecordBytes);
      const found = entityOf({ name: '', bytes, fingerprint: '', fault: '' });
      if (found?.id !== id) return failed('contract', `${what} is none: it ${describeStart(bytes)}.`);
      return { as: 'task', task: readTask(found.entity, id, sessionId, found.isGarbled) } as const;
    } catch (error) {
      throw explainBreak(what, error);
    }
  });
}
