import type { Fault } from '../../src/simulator/faults.ts';
import type { QueryManners } from '../../src/simulator/query-manners.ts';
import { draw, pick } from '../../src/simulator/random.ts';
import { editRecords, illFormed, repeat, setElement } from '../../src/simulator/record-edits.ts';
import type { Simulator } from '../../src/simulator/start-simulator.ts';
import { dayMicros, hourMicros, microsNow } from './small-world.ts';

/** Numbers from 0 to 1, the same for a seed. */
export type Dice = (what: string) => number;

export function throwDice(seed: number): Dice {
  let throws = 0;
  return (what) => draw(seed, what, throws++);
}

const html = { contentType: 'text/html', body: '<html><body>Proxy</body></html>' };
const list = /GET \/api\/agents\/backupSessions/;
const byId = /GET \/api\/backupSessions\/[^/?]+(\?|$)/;
const tasks = /taskSessions|BackupTaskSession/i;
const besides = /agents\/jobs|backupServers|discoveredComputers|systemSessions/;

/** Faults of a while, for a session that happens to be shown. */
const faults: readonly ((id: string) => Fault)[] = [
  () => ({ on: list, kind: 'status', status: 500, times: 2 }),
  () => ({ on: list, kind: 'answer', status: 200, ...html }),
  () => ({ on: list, kind: 'truncate', afterBytes: 20_000 }),
  () => ({ on: list, kind: 'reset', afterBytes: 12_000 }),
  () => ({ on: list, kind: 'edit', times: 1, edit: (body) => editRecords('all', () => '')(body) }),
  () => ({ on: list, kind: 'expire', times: 1 }),
  (id) => ({ on: list, kind: 'edit', edit: editRecords([id], illFormed.rawAmpersand) }),
  (id) => ({ on: list, kind: 'edit', edit: editRecords([id], illFormed.mismatchedTag) }),
  (id) => ({
    on: /backupSessions|query/i,
    kind: 'edit',
    edit: editRecords([id], setElement('EndTimeUTC', 'banana')),
  }),
  (id) => ({
    on: list,
    kind: 'edit',
    edit: editRecords([id], repeat(setElement('Result', 'Warning'), 'after')),
  }),
  (id) => ({ on: new RegExp(id), kind: 'status', status: 403 }),
  (id) => ({ on: new RegExp(id), kind: 'answer', status: 404, ...html }),
  () => ({ on: byId, kind: 'status', status: 500 }),
  () => ({ on: byId, kind: 'answer', status: 404, after: 3, ...html }),
  () => ({ on: tasks, kind: 'answer', status: 404, after: 5, ...html }),
  (id) => ({ on: tasks, kind: 'edit', edit: editRecords([id], setElement('Reason', '&#x0;')) }),
  () => ({ on: besides, kind: 'status', status: 500 }),
  () => ({ on: besides, kind: 'edit', edit: (body) => body.replaceAll('</', '&#xD83D;</') }),
];

const lies: readonly Partial<QueryManners>[] = [
  { filter: 'ignored' },
  { rows: 'spoiled' },
  { rows: 'twice' },
  { rows: 'removed-between-pages' },
  { rows: 'short-batches' },
  { paging: 'missing' },
  { paging: 'too-few' },
  { pageSize: 'capped', order: 'unstable' },
  { status: 500 },
  { status: 404 },
];

/** One more thing that goes wrong with the answers from now on. */
export function spoilAnswers(em: Simulator, dice: Dice): string {
  const shown = em.sessions();
  const id = shown.length === 0 ? 'none' : pick(shown, dice('whom')).session.id;
  const index = Math.floor(dice('fault') * (faults.length + lies.length));
  const fault = faults[index]?.(id);
  if (fault !== undefined) {
    em.faults.push(fault);
    return `${fault.kind} on ${fault.on.source}`;
  }
  const lie = pick(lies, (index - faults.length + 0.5) / lies.length);
  Object.assign(em.query, lie);
  return JSON.stringify(lie);
}

/** Something that nobody planned happens to the sessions. Those that may come late or go early are noted. */
export function upset(em: Simulator, dice: Dice, unsteady: Set<string>): string {
  const ended = em.history().filter(({ state }) => state === 'Stopped');
  const children = ended.filter(({ session }) => session.computer !== undefined);
  if (children.length === 0) return 'nothing';
  const { session } = pick(children, dice('whom'));
  const now = microsNow(em);
  const name = `renamed ${Math.floor(dice('name') * 1e6)}`;
  const what = pick(
    ['result', 'end', 'retry', 'move', 'job', 'server', 'computer', 'late', 'gone', 'restored'] as const,
    dice('what'),
  );
  switch (what) {
    case 'result':
      em.upheavals.change(session.id, {
        result: session.result === 'Failed' ? 'Success' : 'Failed',
        reason: name,
      });
      break;
    case 'end':
      em.upheavals.change(session.id, { endsAt: session.endsAt + hourMicros / 2 });
      break;
    case 'retry':
      em.upheavals.change(session.id, { isRetry: !session.isRetry });
      break;
    case 'move': {
      const job = pick(em.world.jobs, dice('job'));
      em.upheavals.change(session.id, { job, computer: job.computers[0] });
      break;
    }
    case 'job':
      em.upheavals.rename(session.job.id, name);
      break;
    case 'server':
      em.upheavals.rename(session.job.server.id, name);
      break;
    case 'computer':
      em.upheavals.rename(session.computer?.jobId ?? '', name, now);
      break;
    case 'late': {
      // Created now and then from here on, and known up to three weeks later.
      const template = { ...session, createdAt: now + hourMicros, endsAt: now + 2 * hourMicros };
      const id = `${session.id.slice(0, 24)}${String(Math.floor(dice('id') * 1e12)).padStart(12, '0')}`;
      em.upheavals.add({ ...template, id, knownAt: now + hourMicros + dice('lag') * 21 * dayMicros });
      unsteady.add(id);
      break;
    }
    case 'gone':
      unsteady.add(session.id);
      em.upheavals.hide(({ id }) => id === session.id);
      break;
    case 'restored': {
      const since = now - 3 * dayMicros;
      for (const one of em.sessions()) if (one.session.createdAt > since) unsteady.add(one.session.id);
      const undo = em.upheavals.hide(({ createdAt }) => createdAt > since && createdAt <= now);
      restored.set(em, [...(restored.get(em) ?? []), undo]);
    }
  }
  return what;
}

const restored = new WeakMap<Simulator, (() => void)[]>();

/** What an old backup of Enterprise Manager had forgotten, is collected again. */
export function collectAgain(em: Simulator): void {
  for (const undo of restored.get(em) ?? []) undo();
  restored.delete(em);
}
