import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { editRecords, setElement } from '../../src/simulator/record-edits.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { runHere } from '../support/run-here.ts';
import { letPausesPass, openScenario } from '../support/scenario.ts';
import {
  addSessions,
  dayMicros,
  dayMs,
  hourMicros,
  microsNow,
  minuteMicros,
  quietWorld,
  sessionAt,
} from '../support/small-world.ts';
import { expectEquality, expectStored, expectTasksStored, storedValues } from '../support/truth.ts';

const list = /GET \/api\/agents\/backupSessions/;
const withoutTasks = { SYNC_TASKS: 'none' };
const good = { status: 'succeeded', missing: 0, unreadable: 0, unfetched: 0 };

describe('corrections', () => {
  it('of ended sessions, of jobs and of servers are followed', async () => {
    const scenario = await openScenario();
    const { em } = scenario;
    await scenario.sync();
    const job = em.world.jobs.at(-1);
    const [first, second, third, fourth] = em
      .sessions()
      .filter(
        ({ session, result }) =>
          session.computer !== undefined && session.job.id !== job?.id && result === 'Success',
      );
    if (
      first === undefined ||
      second === undefined ||
      third === undefined ||
      fourth === undefined ||
      job === undefined
    )
      throw new Error('The world is too small.');
    em.upheavals.change(first.session.id, {
      result: 'Failed',
      reason: 'It was not so good after all.',
      bytes: 0,
    });
    em.upheavals.change(second.session.id, { endsAt: second.session.endsAt + hourMicros });
    em.upheavals.change(third.session.id, { isRetry: !third.session.isRetry });
    em.upheavals.change(fourth.session.id, { job, computer: job.computers[0] });
    expect(await scenario.sync()).toMatchObject({ ...good, new: 0, changed: 4 });
    await expectEquality(scenario);
    em.upheavals.rename(job.id, 'Nightly, renamed');
    em.upheavals.rename(job.server.id, 'vbr-new.corp.local');
    expect(await scenario.sync()).toMatchObject({ ...good, new: 0 });
    await expectEquality(scenario);
  });

  it('that come while the tasks are being read, win', async () => {
    const scenario = await openScenario({ world: quietWorld() });
    const { em, environment } = scenario;
    const [session] = addSessions(em, 3, microsNow(em) - dayMicros, hourMicros);
    const id = session?.id ?? '';
    const held = new EventEmitter();
    const asked = new Promise<void>((resolve) => {
      // The answer is made, and waits until the correction is known.
      em.onRequest = (request) => {
        if (!/taskSessions|BackupTaskSession/i.test(request)) return undefined;
        resolve();
        return once(held, 'released').then(() => undefined);
      };
    });
    const first = startCli(['sync', '--json'], environment);
    await asked;
    em.onRequest = undefined;
    em.upheavals.change(id, { result: 'Failed', reason: 'Corrected.', bytes: 7 });
    // Skipped or not: the source may be taken.
    await runCli(['sync', '--json'], environment);
    held.emit('released');
    await first.ended;
    expect(await scenario.sync()).toMatchObject({ ...good, holes: 0 });
    await expectEquality(scenario);
  });

  it('of tasks that show hours after the end are found by the second look', async () => {
    const scenario = await openScenario({ world: quietWorld() });
    const { em } = scenario;
    const added = addSessions(em, 4, microsNow(em) - dayMicros, hourMicros);
    for (const { id } of added.slice(0, 2))
      em.upheavals.change(id, { tasksFrom: microsNow(em) + 5 * hourMicros });
    expect(await scenario.sync()).toMatchObject({ ...good, holes: 0 });
    em.advance(1.2 * dayMs);
    await letPausesPass(scenario.database);
    expect(await scenario.sync()).toMatchObject({ ...good, holes: 0 });
    await expectTasksStored(scenario, em.sessions());
  });

  it('of characters in tasks that had to be replaced are found by it, however old the session is', async () => {
    const scenario = await openScenario({ world: quietWorld() });
    const { em } = scenario;
    const [first] = addSessions(em, 4, microsNow(em) - 9 * dayMicros, hourMicros, { result: 'Failed' });
    em.faults.push({
      on: /taskSessions|BackupTaskSession/i,
      kind: 'edit',
      edit: editRecords([first?.id ?? ''], setElement('Reason', 'bad &#x0; reason')),
    });
    expect(await scenario.sync()).toMatchObject({ ...good, holes: 0 });
    em.repent();
    await letPausesPass(scenario.database);
    expect(await scenario.sync()).toMatchObject({ ...good, holes: 0 });
    await expectTasksStored(scenario, em.sessions());
    expect(await scenario.database.query('select 1 from task_backlog')).toEqual([]);
  });
});

describe('the computer of a job', () => {
  it('is the newest that its tasks name, whatever the order in which they are read', async () => {
    const scenario = await openScenario({ world: quietWorld() });
    const { em } = scenario;
    const computer = em.world.jobs[0]?.computers[0];
    if (computer === undefined) throw new Error('no computer');
    const old = sessionAt(em, microsNow(em) - 3 * dayMicros, { computer: { ...computer, name: 'PC-OLD' } });
    const newer = sessionAt(em, microsNow(em) - 2 * dayMicros, { computer: { ...computer, name: 'PC-NEW' } });
    em.upheavals.add(old, newer);
    em.query.tasks = false;
    em.faults.push({ on: new RegExp(`${old.id}/taskSessions`), kind: 'status', status: 500 });
    await scenario.sync();
    em.repent();
    await letPausesPass(scenario.database);
    await scenario.sync();
    // A third one without a task of its own.
    const third = sessionAt(em, microsNow(em) - dayMicros, { computer: { ...computer, name: 'PC-NEW' } });
    em.upheavals.add(third);
    em.upheavals.change(third.id, { tasksFrom: Number.POSITIVE_INFINITY });
    await scenario.sync();
    const computers = await scenario.database.query(
      'select session_id, computer from report.sessions order by created_at desc limit 2',
    );
    expect(computers).toEqual([
      { session_id: third.id, computer: 'PC-NEW' },
      { session_id: newer.id, computer: 'PC-NEW' },
    ]);
  });

  it('is named without its job, although the parent came later', async () => {
    const scenario = await openScenario({ world: quietWorld() });
    const { em } = scenario;
    const job = em.world.jobs[0];
    if (job === undefined) throw new Error('no job');
    em.upheavals.rename(job.id, 'Nightly - old');
    const parent = sessionAt(em, microsNow(em) - dayMicros, {
      type: 'AgentBackup',
      computer: undefined,
      knownAt: microsNow(em) + hourMicros,
    });
    em.upheavals.add(parent, sessionAt(em, parent.createdAt + minuteMicros, { parentId: parent.id }));
    await scenario.sync(withoutTasks);
    em.advance(2 * 3_600_000);
    await scenario.sync(withoutTasks);
    const computers = await scenario.database.query(
      `select computer from report.sessions where kind = 'computer'`,
    );
    expect(computers).toEqual([{ computer: job.computers[0]?.name }]);
  });
});

describe('sessions that vanish', () => {
  it('with an empty list or a server, or by an old backup of Enterprise Manager, stay and come back', async () => {
    const scenario = await openScenario();
    const { em } = scenario;
    await scenario.sync(withoutTasks);
    const before = em.sessions();
    em.faults.push({ on: list, kind: 'edit', times: 1, edit: (body) => editRecords('all', () => '')(body) });
    await scenario.sync(withoutTasks);
    const lost = async () =>
      (await scenario.database.query(`select session_id from report.sessions where outcome = 'lost'`)).length;
    expect(await lost()).toBe(0);
    expect(await scenario.sync(withoutTasks)).toMatchObject({ ...good, holes: 0 });
    await expectStored(scenario, before, { tasks: false });

    const restored = em.upheavals.hide(({ createdAt }) => createdAt > microsNow(em) - 2 * dayMicros);
    await scenario.sync(withoutTasks);
    restored();
    expect(await scenario.sync(withoutTasks)).toMatchObject({ ...good, holes: 0 });
    await expectEquality(scenario, { tasks: false });
    expect(await lost()).toBe(0);
    const [removed] = em.world.servers;
    em.upheavals.hide(({ job }) => job.server.id === removed?.id);
    await scenario.sync(withoutTasks);
    expect((await storedValues(scenario)).size).toBe(before.length);
  });

  it('from the discovered computers once, are not forgotten', async () => {
    const scenario = await openScenario();
    const never = () =>
      scenario.database.query('select computer from report.computers where last_session_at is null');
    await scenario.sync(withoutTasks);
    expect(await never()).toEqual([{ computer: 'NEVER-1' }]);
    await scenario.database.query(`update sources set computers_read_at = now() - interval '7 hours'`);
    scenario.em.faults.push({
      on: /discoveredComputers/,
      kind: 'edit',
      edit: (body) => editRecords('all', () => '')(body),
    });
    await scenario.sync(withoutTasks);
    expect(await never()).toEqual([{ computer: 'NEVER-1' }]);
  });
});

describe('a database that somebody touched', () => {
  it('gets back what was deleted, and what it remembers of the list is put right', async () => {
    const scenario = await openScenario();
    const { em, database } = scenario;
    await scenario.sync(withoutTasks);
    const ids = em.sessions().map(({ session }) => session.id);
    await database.query('delete from sessions where session_id = any($1::uuid[])', [ids.slice(0, 3)]);
    // Invariants of deletion do not hold for what a person deletes.
    const healed = JSON.parse(
      (await runHere(['sync', '--json'], { ...scenario.environment, ...withoutTasks })).stdout,
    ) as object;
    expect(healed).toMatchObject({ status: 'succeeded', new: 3, missing: 0 });
    await database.query(
      'update sessions set fingerprint = md5(session_id::text)::uuid where session_id = any($1::uuid[])',
      [ids.slice(3, 6)],
    );
    await database.query('update sessions set fingerprint = null where session_id = any($1::uuid[])', [
      ids.slice(6, 9),
    ]);
    expect(await scenario.sync(withoutTasks)).toMatchObject({ ...good, new: 0 });
    await expectEquality(scenario, { tasks: false });
  });
});

describe('a source', () => {
  it('that begins to answer with references is not asked for all it has by id', async () => {
    const scenario = await openScenario();
    const { em } = scenario;
    await scenario.sync(withoutTasks);
    em.lists.form = 'reference';
    em.requests.length = 0;
    expect(await scenario.sync(withoutTasks)).toMatchObject({ ...good, form: 'reference', new: 0 });
    expect(em.requests.filter((request) => request.includes('GET /api/backupSessions/')).length).toBeLessThan(
      10,
    );
    await expectEquality(scenario, { tasks: false });
  });

  it('whose references have no time in their names is asked for each of them', async () => {
    const scenario = await openScenario({ entityList: false });
    const edit = (body: string) => body.replaceAll(/@\d{4}-[^"]*"/g, '"');
    scenario.em.faults.push({ on: /./, kind: 'edit', edit });
    expect(await scenario.sync(withoutTasks)).toMatchObject({ ...good, form: 'reference', holes: 0 });
    await expectEquality(scenario, { tasks: false });
  });

  it('that gets another name keeps its history, once', async () => {
    const scenario = await openScenario();
    await scenario.sync(withoutTasks);
    const renamed = { ...scenario.environment, ...withoutTasks, EM_NAME: 'another name' };
    expect((await runHere(['sync', '--json'], renamed)).code).toBe(0);
    const rows = await scenario.database.query<{ source: string }>(
      'select source, session_id from report.sessions',
    );
    expect(rows).toHaveLength(scenario.em.sessions().length);
    expect(new Set(rows.map((row) => row.source))).toEqual(new Set(['another name']));
  });

  it('on a foreign host over plain http is refused at start', async () => {
    const scenario = await openScenario();
    const foreign = { ...scenario.environment, EM_URL: 'http://em.example.com:9399' };
    const { code, stderr } = await runHere(['sync', '--json'], foreign);
    expect(stderr).toMatch(/EM_ALLOW_HTTP/);
    expect(code).toBe(2);
  });
});
