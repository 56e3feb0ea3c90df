import { describe, expect, it } from 'vitest';
import {
  dropElement,
  editRecords,
  prefixElements,
  renameElement,
  repeat,
  setElement,
} from '../../src/simulator/record-edits.ts';
import { openScenario, type Scenario } from '../support/scenario.ts';
import { addSessions, dayMicros, hourMicros, microsNow, quietWorld } from '../support/small-world.ts';
import { differences, expectEquality, expectStored, storedValues, valuesOf } from '../support/truth.ts';

const list = /GET \/api\/agents\/backupSessions/;
const sessions = /backupSessions|query/i;
const withoutTasks = { SYNC_TASKS: 'none' };
type Edit = (body: string) => string;

async function scenarioOf(count: number): Promise<Scenario & { readonly odd: string }> {
  const scenario = await openScenario({ world: quietWorld() });
  const added = addSessions(scenario.em, count, microsNow(scenario.em) - 2 * dayMicros, hourMicros);
  return { ...scenario, odd: added[1]?.id ?? '' };
}

async function expectRecovery(scenario: Scenario): Promise<void> {
  scenario.em.repent();
  expect(await scenario.sync(withoutTasks)).toMatchObject({ status: 'succeeded', holes: 0 });
  await expectEquality(scenario, { tasks: false });
}

describe('records under other names', () => {
  const asReferences: Edit = (body) => renameElement('Ref', 'EntityRef')(body);
  const forms: readonly (readonly [string, Edit, 'entity' | 'reference'])[] = [
    ['AgentBackupJobSession', renameElement('BackupJobSession', 'AgentBackupJobSession'), 'entity'],
    ['EntityRef', asReferences, 'reference'],
    ['a namespace prefix', prefixElements('v'), 'entity'],
    ['a namespace prefix on references', prefixElements('ent'), 'reference'],
  ];
  it.each(forms)('(%s) are read, or the run does not claim to have read them', async (_, edit, form) => {
    const scenario = await scenarioOf(5);
    scenario.em.lists.form = form;
    scenario.em.faults.push({ on: list, kind: 'edit', edit });
    const line = await scenario.sync(withoutTasks);
    if (line.status === 'succeeded') {
      expect(line.listed).toBe(5);
      await expectStored(scenario, scenario.em.sessions(), { tasks: false });
    } else expect(line.error?.message).toMatch(/\w{3}/);
    await expectRecovery(scenario);
  });

  it('one among others hides none of them', async () => {
    const scenario = await scenarioOf(6);
    const edit = editRecords([scenario.odd], renameElement('BackupJobSession', 'AgentBackupJobSession'));
    scenario.em.faults.push({ on: list, kind: 'edit', edit });
    expect((await scenario.sync(withoutTasks)).listed).toBe(6);
    const others = scenario.em.sessions().filter(({ session }) => session.id !== scenario.odd);
    await expectStored(scenario, others, { tasks: false });
    await expectRecovery(scenario);
  });
});

describe('values that do not fit', () => {
  const kept = async (
    { database, odd }: Scenario & { readonly odd: string },
    table: 'sessions' | 'tasks',
  ) => {
    const rows = await database.query(
      `select to_jsonb(one)::text as text from ${table} as one where session_id = $1`,
      [odd],
    );
    return rows.map(({ text }) => text).join();
  };

  it.each<[string, string, string]>([
    ['no seconds', '2026-06-14T10:05Z', '2026-06-14T10:05:00.000000Z'],
    ['24:00', '2026-06-13T24:00:00Z', '2026-06-14T00:00:00.000000Z'],
    ['a second of 60', '2026-06-14T10:05:60Z', '2026-06-14T10:06:00.000000Z'],
    ['a comma', '2026-06-14T10:05:07,25Z', '2026-06-14T10:05:07.250000Z'],
    ['no zone', '2026-06-14T10:05:07.5', '2026-06-14T10:05:07.500000Z'],
  ])('a creation time with %s is read', async (_, text, time) => {
    const scenario = await scenarioOf(3);
    const edit = editRecords([scenario.odd], setElement('CreationTimeUTC', text));
    scenario.em.faults.push({ on: sessions, kind: 'edit', edit });
    expect(await scenario.sync(withoutTasks)).toMatchObject({ status: 'succeeded', listed: 3, holes: 0 });
    expect((await storedValues(scenario)).get(scenario.odd)).toMatchObject({
      created_at: time,
      result: 'Success',
    });
  });

  it('a creation in the year 1 keeps no session out', async () => {
    const scenario = await scenarioOf(3);
    const edit = editRecords([scenario.odd], setElement('CreationTimeUTC', '0001-01-01T00:00:00Z'));
    scenario.em.faults.push({ on: sessions, kind: 'edit', edit });
    expect(await scenario.sync(withoutTasks)).toMatchObject({ status: 'succeeded', listed: 3, holes: 0 });
    expect((await storedValues(scenario)).get(scenario.odd)).toMatchObject({
      state: 'Stopped',
      result: 'Success',
    });
    await expectRecovery(scenario);
  });

  it.each<[string, Edit]>([
    ['31 April', setElement('CreationTimeUTC', '2026-04-31T10:00:00Z')],
    ['no creation time', dropElement('CreationTimeUTC')],
  ])(
    'a session with %s is stored in part and is a hole, unless it can be told otherwise',
    async (_, edit) => {
      const scenario = await scenarioOf(3);
      const { odd, em } = scenario;
      em.faults.push({ on: sessions, kind: 'edit', edit: editRecords([odd], edit) });
      const line = await scenario.sync(withoutTasks);
      const stored = await storedValues(scenario);
      expect(stored.get(odd)).toMatchObject({ state: 'Stopped', result: 'Success' });
      // The name of a session carries its time, too.
      if (line.status === 'succeeded') expect(differences(em.sessions().map(valuesOf), stored)).toEqual([]);
      else expect(await scenario.holes()).toMatchObject([{ kind: 'unreadable', session_id: odd }]);
      await expectRecovery(scenario);
    },
  );

  it('a progress of -1 and a size of 19 digits are kept as they came', async () => {
    const scenario = await scenarioOf(3);
    const { odd, em } = scenario;
    em.faults.push(
      {
        on: /taskSessions|BackupTaskSession/,
        kind: 'edit',
        edit: editRecords([odd], setElement('TotalSize', '9999999999999999999')),
      },
      { on: sessions, kind: 'edit', edit: editRecords([odd], setElement('Progress', '-1')) },
    );
    expect(await scenario.sync()).toMatchObject({ status: 'succeeded', holes: 0 });
    expect(await kept(scenario, 'sessions')).toMatch(/"-1"|: ?-1\b/);
    expect(await kept(scenario, 'tasks')).toContain('9999999999999999999');
  });

  it('what cannot be decoded in a session is replaced, and that is whole', async () => {
    const scenario = await scenarioOf(3);
    const edit = editRecords([scenario.odd], setElement('JobName', 'Odd &#x1; name'));
    scenario.em.faults.push({ on: sessions, kind: 'edit', edit });
    expect(await scenario.sync(withoutTasks)).toMatchObject({ status: 'succeeded', listed: 3, holes: 0 });
    expect((await storedValues(scenario)).get(scenario.odd)?.['job_name']).toBe('Odd \uFFFD name');
  });
});

describe('documents', () => {
  it.each<[string, BufferEncoding]>([
    ['windows-1252', 'latin1'],
    ['utf-16', 'utf16le'],
  ])('declared as %s are read as declared, or refused', async (encoding, bytes) => {
    const scenario = await scenarioOf(3);
    const edit = (body: string) => {
      const named = editRecords('all', setElement('JobName', 'Büro Süd'))(body);
      return Buffer.from(
        (encoding === 'utf-16' ? '\uFEFF' : '') + named.replace('encoding="utf-8"', `encoding="${encoding}"`),
        bytes,
      );
    };
    scenario.em.faults.push({ on: list, kind: 'edit', edit });
    const line = await scenario.sync(withoutTasks);
    const names = [...(await storedValues(scenario)).values()].map((row) => row['job_name']);
    if (line.status === 'succeeded') expect(names).toEqual(['Büro Süd', 'Büro Süd', 'Büro Süd']);
    else {
      expect(line.error?.message).toMatch(/encod|windows-1252|utf-?(8|16)|charset/i);
      expect(names.filter((name) => name !== 'Büro Süd')).toEqual([]);
    }
    await expectRecovery(scenario);
  });

  it('in JSON are read, or refused by that name', async () => {
    const scenario = await scenarioOf(3);
    const body = '\uFEFF{"backupJobSessions":[]}';
    scenario.em.faults.push({ on: list, kind: 'answer', status: 200, contentType: 'application/json', body });
    const line = await scenario.sync(withoutTasks);
    expect(line.error?.message ?? 'JSON').toMatch(/JSON/);
    await expectRecovery(scenario);
  });

  it('that grow more than 200-fold are refused', async () => {
    const scenario = await scenarioOf(3);
    scenario.em.faults.push({ on: list, kind: 'gzip', padding: 50_000_000 });
    expect(await scenario.sync(withoutTasks)).toMatchObject({ status: 'failed' });
    await expectRecovery(scenario);
  });

  it('that are compressed are read, and counted as they came', async () => {
    const scenario = await openScenario({ compresses: true });
    const line = await scenario.sync(withoutTasks);
    expect(line.status).toBe('succeeded');
    expect(line.bytesReceived).toBeLessThan(scenario.em.sessions().length * 600);
    await expectEquality(scenario, { tasks: false });
  });
});

describe('a session that is listed twice', () => {
  it.each(['before', 'after'] as const)(
    'with other values %s it, ends as the list shows it last',
    async (where) => {
      const scenario = await scenarioOf(3);
      const edit = editRecords([scenario.odd], repeat(setElement('Result', 'Warning'), where));
      scenario.em.faults.push({ on: list, kind: 'edit', edit });
      expect((await scenario.sync(withoutTasks)).missing).toBe(0);
      await expectRecovery(scenario);
    },
  );
});
