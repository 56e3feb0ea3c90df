import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import { editRecords, illFormed, setElement } from '../../src/simulator/record-edits.ts';
import { openScenario, type Scenario } from '../support/scenario.ts';
import { addSessions, dayMicros, dayMs, hourMicros, microsNow, quietWorld } from '../support/small-world.ts';
import { differences, expectEquality, expectStored, storedValues, valuesOf } from '../support/truth.ts';

const html = { contentType: 'text/html', body: '<html><body>Not found</body></html>' };
const singly = { SYNC_LIST: 'reference', EM_BATCH: 'off', SYNC_TASKS: 'none' };
const withoutTasks = { SYNC_TASKS: 'none' };
const list = /GET \/api\/agents\/backupSessions/;
const byId = (id: string) => new RegExp(`backupSessions/${id}(\\?|$)`);

/** Sessions that ended, an hour apart, the first two days ago. */
async function quietScenario(count: number): Promise<Scenario & { readonly ids: readonly string[] }> {
  const scenario = await openScenario({ world: quietWorld() });
  const { em } = scenario;
  const added = addSessions(em, count, microsNow(em) - 2 * dayMicros, hourMicros / 10);
  return { ...scenario, ids: added.map(({ id }) => id) };
}

const idAt = ({ ids }: { readonly ids: readonly string[] }, index: number) => ids[index] ?? '';
const holesOf = async (scenario: Scenario, id: string) =>
  (await scenario.holes()).filter((hole) => hole.session_id === id);

/** What was a lie is over: the next sync tries everything again, and nothing is left. */
async function expectHealed(scenario: Scenario, environment: Record<string, string> = {}): Promise<void> {
  scenario.em.repent();
  expect(await scenario.sync(environment)).toMatchObject({ status: 'succeeded', holes: 0, error: null });
  await expectEquality(scenario, { tasks: environment['SYNC_TASKS'] !== 'none' });
}

describe('a task that cannot be read', () => {
  it.each(['&#x0;', '&#xD83D;', '&bogus;'])('with %s in its reason holds up nobody', async (reference) => {
    const scenario = await quietScenario(12);
    const odd = idAt(scenario, 5);
    scenario.em.upheavals.change(odd, { result: 'Failed', reason: 'bad  reason' });
    scenario.em.faults.push({
      on: /taskSessions|query/i,
      kind: 'edit',
      edit: editRecords([odd], setElement('Reason', `bad ${reference} reason`)),
    });
    await scenario.sync();
    const others = scenario.em.sessions().filter(({ session }) => session.id !== odd);
    await expectStored(scenario, others);
    const [task] = await scenario.database.query('select reason from report.tasks where session_id = $1', [
      odd,
    ]);
    // Replaced and stored, or a hole of its own.
    if (task === undefined) expect(await holesOf(scenario, odd)).toMatchObject([{ kind: 'tasks' }]);
    else expect(task['reason']).toMatch(/^bad .* reason$/);
    // What was replaced is whole, and read again with the next correction of its session.
    scenario.em.upheavals.change(odd, { result: 'Warning', reason: 'bad  reason' });
    await expectHealed(scenario);
  });

  it.each<[string, Fault]>([
    ['403', { on: /x/, kind: 'status', status: 403 }],
    ['500', { on: /x/, kind: 'status', status: 500 }],
    ['404 of a proxy', { on: /x/, kind: 'answer', status: 404, ...html }],
    ['200 of a proxy', { on: /x/, kind: 'answer', status: 200, ...html }],
    ['an empty body', { on: /x/, kind: 'answer', status: 200, contentType: 'application/xml', body: '' }],
  ])('because of %s is tried again, and no session of the rest goes without', async (_, fault) => {
    const scenario = await quietScenario(20);
    const odd = idAt(scenario, 9);
    scenario.em.query.tasks = false;
    scenario.em.faults.push({ ...fault, on: new RegExp(`${odd}/taskSessions`) });
    await scenario.sync();
    await expectStored(
      scenario,
      scenario.em.sessions().filter(({ session }) => session.id !== odd),
    );
    expect(await holesOf(scenario, odd)).toMatchObject([{ kind: 'tasks' }]);
    await expectHealed(scenario);
  });

  it('for a proxy that answers 404 in the middle is not taken for none', async () => {
    const scenario = await quietScenario(40);
    scenario.em.query.status = 404;
    scenario.em.faults.push({ on: /taskSessions/, kind: 'answer', status: 404, after: 10, ...html });
    await scenario.sync();
    const [read] = await scenario.database.query(
      `select count(*)::int as claimed, (select count(*)::int from report.tasks) as tasks
       from report.sessions where task_count is not null`,
    );
    expect(read?.['claimed'], 'sessions whose tasks are known').toBe(read?.['tasks']);
    await expectHealed(scenario);
  });
});

it.each(['&#x0;', '&#xD83D;'])('what a run can do without may hold %s', async (reference) => {
  const scenario = await quietScenario(6);
  const edit = (body: string) =>
    editRecords(
      'all',
      setElement('OsVersion', `Windows ${reference}`),
    )(editRecords('all', setElement('Description', `odd ${reference} text`))(body)).replaceAll(
      /<Description>[^<]*</g,
      `<Description>odd ${reference} text<`,
    );
  scenario.em.faults.push({ on: /agents\/jobs|discoveredComputers|backupServers/, kind: 'edit', edit });
  expect(await scenario.sync()).toMatchObject({ status: 'succeeded', listed: 6 });
  await expectHealed(scenario);
});

describe('a session whose record cannot be read', () => {
  const edits = {
    ...illFormed,
    'EndTime banana': setElement('EndTimeUTC', 'banana'),
    'no creation time': setElement('CreationTimeUTC', ''),
  };
  it.each(Object.entries(edits))('(%s) stops no other, and none of their tasks', async (_, edit) => {
    const scenario = await quietScenario(11);
    const odd = idAt(scenario, 5);
    scenario.em.faults.push({ on: /backupSessions|query/i, kind: 'edit', edit: editRecords([odd], edit) });
    const line = await scenario.sync();
    expect(line.listed).toBe(11);
    await expectStored(
      scenario,
      scenario.em.sessions().filter(({ session }) => session.id !== odd),
    );
    const stored = (await storedValues(scenario)).get(odd);
    expect(stored, 'stored with what could be read of it').toMatchObject({
      session_id: odd,
      state: 'Stopped',
    });
    if (line.status === 'failed') {
      expect(line).toMatchObject({ unreadable: 1, missing: 0, error: { kind: 'contract' } });
      expect(await holesOf(scenario, odd)).toContainEqual(expect.objectContaining({ kind: 'unreadable' }));
    }
    await expectHealed(scenario);
  });

  it('is asked for by its id, and read although the list no longer shows it', async () => {
    const scenario = await quietScenario(5);
    const odd = idAt(scenario, 2);
    const shown = scenario.em.sessions();
    scenario.em.faults.push({ on: list, kind: 'edit', edit: editRecords([odd], illFormed.rawAmpersand) });
    await scenario.sync(withoutTasks);
    scenario.em.repent();
    scenario.em.advance(40 * dayMs);
    await scenario.sync(withoutTasks);
    expect((await scenario.holes()).filter(({ kind }) => kind !== 'gap')).toEqual([]);
    await expectStored(scenario, shown, { tasks: false });
  });

  it('stays a hole when neither list nor id can be read, whatever the list shows later', async () => {
    const scenario = await quietScenario(5);
    const odd = idAt(scenario, 2);
    scenario.em.faults.push({
      on: /backupSessions|query/i,
      kind: 'edit',
      edit: editRecords([odd], setElement('EndTimeUTC', 'banana')),
    });
    await scenario.sync(withoutTasks);
    const before = await holesOf(scenario, odd);
    scenario.em.faults.push({
      on: list,
      kind: 'edit',
      times: 1,
      edit: (body) => editRecords('all', () => '')(body),
    });
    scenario.em.faults.reverse();
    await scenario.sync(withoutTasks);
    const kept = await scenario.database.query(
      `select to_jsonb(session)::text as text from sessions as session where session_id = $1
       union all select to_jsonb(hole)::text from holes as hole where session_id = $1`,
      [odd],
    );
    expect(kept.map(({ text }) => text).join(), 'what could not be read is kept').toContain('banana');
    expect(await holesOf(scenario, odd)).toHaveLength(before.length);
    await expectHealed(scenario, withoutTasks);
  });
});

describe('a session that cannot be fetched by its id', () => {
  it('is counted as such, and the rest for what it is', async () => {
    const scenario = await quietScenario(300);
    scenario.em.query.status = 400;
    scenario.em.faults.push({ on: /GET \/api\/backupSessions\//, kind: 'status', status: 403, after: 50 });
    const line = await scenario.sync(singly);
    expect(line).toMatchObject({
      status: 'failed',
      form: 'reference',
      listed: 300,
      new: 50,
      unchanged: 0,
      unfetched: 250,
      missing: 0,
    });
    expect(await scenario.holes()).toHaveLength(250);
    const whole = [...(await storedValues(scenario)).values()].filter(({ state }) => state === 'Stopped');
    expect(whole).toHaveLength(50);
    const [run] = await scenario.database.query(
      'select listed, new_sessions, unchanged, missing, unreadable, unfetched from report.sync_runs order by started_at desc limit 1',
    );
    expect(run).toEqual({
      listed: 300,
      new_sessions: 50,
      unchanged: 0,
      missing: 0,
      unreadable: 0,
      unfetched: 250,
    });
    await expectHealed(scenario, singly);
  });

  it.each<[string, Fault]>([
    ['403', { on: /x/, kind: 'status', status: 403 }],
    ['500', { on: /x/, kind: 'status', status: 500 }],
    ['404 of a proxy', { on: /x/, kind: 'answer', status: 404, ...html }],
  ])('(%s) is one hole and stops nothing', async (_, fault) => {
    const scenario = await quietScenario(12);
    const odd = idAt(scenario, 3);
    scenario.em.faults.push({ ...fault, on: byId(odd) });
    const environment = { ...singly, SYNC_TASKS: 'all' };
    for (const attempt of [1, 2]) {
      const line = await scenario.sync(environment);
      expect(line).toMatchObject({
        status: 'failed',
        listed: 12,
        unfetched: 1,
        missing: 0,
        unchanged: attempt === 1 ? 0 : 11,
      });
      expect((await holesOf(scenario, odd)).filter(({ kind }) => kind === 'unfetched')).toHaveLength(1);
      await expectStored(
        scenario,
        scenario.em.sessions().filter(({ session }) => session.id !== odd),
      );
    }
    const outcome = await scenario.database.query(
      'select outcome from report.sessions where session_id = $1',
      [odd],
    );
    expect(outcome).not.toEqual([{ outcome: 'lost' }]);
    await expectHealed(scenario, environment);
  });

  it.each<[string, Fault]>([
    ['403', { on: /x/, kind: 'status', status: 403 }],
    ['404 of a proxy', { on: /x/, kind: 'answer', status: 404, ...html }],
    ['an unreadable entity', { on: /x/, kind: 'edit', edit: setElement('CreationTimeUTC', 'soon') }],
  ])('after it vanished unfinished (%s) is a hole until it is known what became of it', async (_, fault) => {
    const scenario = await quietScenario(4);
    const { em } = scenario;
    const [running] = addSessions(em, 1, microsNow(em) - hourMicros, 1, {
      endsAt: microsNow(em) + hourMicros,
    });
    const id = running?.id ?? '';
    expect(await scenario.sync(withoutTasks)).toMatchObject({ status: 'succeeded', holes: 0 });
    em.faults.push({ on: list, kind: 'edit', edit: editRecords([id], () => '') }, { ...fault, on: byId(id) });
    await scenario.sync({ ...withoutTasks, EM_BATCH: 'off' });
    expect(await holesOf(scenario, id)).toHaveLength(1);
    em.faults.length = 1;
    em.advance((2 * hourMicros) / 1_000);
    await scenario.sync(withoutTasks);
    expect(await holesOf(scenario, id)).toEqual([]);
    expect((await storedValues(scenario)).get(id)).toMatchObject({ state: 'Stopped', result: 'Success' });
    // Now it is gone for good, and EM says so itself: that changes nothing in what is final.
    em.upheavals.hide((session) => session.id === id);
    await scenario.sync(withoutTasks);
    expect((await storedValues(scenario)).get(id)).toMatchObject({ outcome: 'success' });
  });

  it('is asked again after it was lost, came back, and failed once', async () => {
    const scenario = await quietScenario(3);
    const { em } = scenario;
    const [running] = addSessions(em, 1, microsNow(em) - hourMicros, 1, {
      endsAt: microsNow(em) + hourMicros,
    });
    const id = running?.id ?? '';
    await scenario.sync(singly);
    const bringBack = em.upheavals.hide((session) => session.id === id);
    await scenario.sync(singly);
    expect((await storedValues(scenario)).get(id)).toMatchObject({ outcome: 'lost' });
    bringBack();
    em.advance((2 * hourMicros) / 1_000);
    em.faults.push({ on: byId(id), kind: 'status', status: 500 });
    expect(await scenario.sync(singly)).toMatchObject({ status: 'failed', unfetched: 1 });
    await expectHealed(scenario, singly);
    const shown = em.sessions().map(valuesOf);
    expect(differences(shown, await storedValues(scenario))).toEqual([]);
  });
});
