import { describe, expect, it, vi } from 'vitest';
import { editRecords, setElement } from '../../src/simulator/record-edits.ts';
import type { QueryManners } from '../../src/simulator/query-manners.ts';
import { openScenario, type Scenario } from '../support/scenario.ts';
import { intervalMinutes, patience, service } from '../support/service-world.ts';
import {
  addSessions,
  dayMicros,
  dayMs,
  hourMicros,
  microsNow,
  minuteMicros,
  quietWorld,
} from '../support/small-world.ts';
import { expectEquality, expectNothingClaimedFalsely, expectStored } from '../support/truth.ts';

const daysAgo = ({ em }: Scenario, days: number) => new Date(em.now().getTime() - days * dayMs);
const dateText = (date: Date) => date.toISOString().slice(0, 10);
const withoutTasks = { SYNC_TASKS: 'none' };
const gapsOf = async (scenario: Scenario) => (await scenario.coverage()).filter((row) => !row.isCovered);
const between = (from: Date, to: Date) =>
  [from, to].map((time) => `${time.toISOString().slice(0, 19)}.000000Z`);

describe('an outage longer than the list reaches', () => {
  it('stays a gap after good polls, and is filled by backfill', async () => {
    const scenario = await openScenario();
    const { em } = scenario;
    const since = daysAgo(scenario, 60);
    expect((await scenario.sync()).status).toBe('succeeded');
    await scenario.backfill(['--since', dateText(since)]);
    // Tasks of what was read back are a backlog, which a sync drains.
    await scenario.sync();
    await expectEquality(scenario, { since });
    const before = em.now();

    em.advance(75 * dayMs);
    for (let polls = 0; polls < 2; polls += 1)
      expect(await scenario.sync()).toMatchObject({ status: 'succeeded', holes: 1 });
    const [from, to] = between(before, daysAgo(scenario, 30));
    expect((await gapsOf(scenario)).map((gap) => [gap.from, gap.to])).toEqual([[from, to]]);
    const { gaps, holes } = await scenario.status();
    expect(holes).toBe(1);
    expect(gaps).toEqual([{ from, to }]);
    const [health] = await scenario.database.query(
      'select holes::int, uncovered_seconds::float8 as uncovered from report.source_health',
    );
    expect(health).toEqual({ holes: 1, uncovered: 45 * 86_400 });

    expect((await scenario.backfill()).code).toBe(0);
    expect(await gapsOf(scenario)).toEqual([]);
    await scenario.sync();
    await expectEquality(scenario, { since: before });
    await expectNothingClaimedFalsely(scenario);
    expect(await scenario.status()).toMatchObject({ gaps: [], holes: 0 });
  });

  it('is not forgotten by a source that never read further back than its list', async () => {
    const scenario = await openScenario();
    await scenario.sync(withoutTasks);
    scenario.em.advance(45 * dayMs);
    await scenario.sync(withoutTasks);
    scenario.em.advance(dayMs);
    await scenario.sync(withoutTasks);
    expect(await gapsOf(scenario)).toHaveLength(1);
    // The date only says how far back coverage shall begin; the gaps after it are read.
    const since = daysAgo(scenario, 50);
    expect((await scenario.backfill(['--since', dateText(since)], withoutTasks)).code).toBe(0);
    await expectEquality(scenario, { since, tasks: false });
  });

  it('leaves no gap when it was shorter', async () => {
    const scenario = await openScenario();
    await scenario.sync(withoutTasks);
    scenario.em.advance(29 * dayMs);
    await scenario.sync(withoutTasks);
    expect(await scenario.coverage()).toMatchObject([{ isCovered: true }]);
    expect(await scenario.status()).toMatchObject({ gaps: [], holes: 0 });
  });
});

it('is shown by the service, which fills the gaps when it is asked to', async () => {
  const scenario = await openScenario();
  await scenario.sync(withoutTasks);
  scenario.em.advance(45 * dayMs);
  await scenario.sync(withoutTasks);
  const started = service('serve', {
    ...scenario.environment,
    ...withoutTasks,
    SYNC_INTERVAL_MINUTES: String(intervalMinutes),
  });
  await vi.waitUntil(() => started.url() !== undefined, patience);
  const fetchFrom = (path: string) => fetch(`${started.url() ?? ''}${path}`);
  await vi.waitUntil(async () => (await fetchFrom('/readyz')).ok, patience);
  const ask = async (path: string) => (await fetchFrom(path)).text();
  const { data } = JSON.parse(await ask('/api/v1/coverage')) as { data: readonly { isCovered: boolean }[] };
  expect(data.map((row) => row.isCovered).sort()).toEqual([false, true, true]);
  expect(JSON.parse(await ask('/api/v1/holes'))).toMatchObject({ data: [{ kind: 'gap' }] });
  const metrics = await ask('/metrics');
  expect(metrics).toMatch(/session_history_holes\{[^}]*kind="gap"[^}]*\} 1/);
  expect(metrics).toMatch(/session_history_uncovered_seconds\{[^}]*\} 1296000/);
  await scenario.backfill(['--queue'], withoutTasks);
  await vi.waitUntil(async () => (await gapsOf(scenario)).length === 0, patience);
  await started.stop();
  await expectEquality(scenario, { since: daysAgo(scenario, 75), tasks: false });
});

describe('coverage', () => {
  it('is what the list reached on the clock of Enterprise Manager', async () => {
    const scenario = await openScenario({ now: new Date('2031-03-01T06:00:00Z') });
    await scenario.sync(withoutTasks);
    const [from, to] = between(daysAgo(scenario, 30), scenario.em.now());
    expect(await scenario.coverage()).toEqual([{ from, to, isCovered: true, via: 'list' }]);
    expect((await scenario.status())['coveredFrom']).toMatch(/^2031-01-30T06:00:00/);
  });

  it('is not claimed by a list that broke', async () => {
    const scenario = await openScenario();
    await scenario.sync(withoutTasks);
    scenario.em.advance(20 * dayMs);
    const before = await scenario.coverage();
    scenario.em.faults.push({ on: /agents\/backupSessions/, kind: 'truncate', afterBytes: 9_000 });
    expect((await scenario.sync(withoutTasks)).status).toBe('failed');
    expect(await scenario.coverage()).toEqual(before);
  });

  it('is read again with --again, for what reached Enterprise Manager later', async () => {
    const scenario = await openScenario({ world: quietWorld() });
    const { em } = scenario;
    addSessions(em, 5, microsNow(em) - 40 * dayMicros, hourMicros);
    await scenario.sync(withoutTasks);
    const since = dateText(daysAgo(scenario, 45));
    await scenario.backfill(['--since', since], withoutTasks);
    addSessions(em, 4, microsNow(em) - 41 * dayMicros, hourMicros);
    em.requests.length = 0;
    await scenario.backfill(['--since', since], withoutTasks);
    expect(em.requests.filter((request) => request.includes('/query'))).toEqual([]);
    await scenario.backfill(['--since', since, '--again'], withoutTasks);
    await expectEquality(scenario, { since: daysAgo(scenario, 45), tasks: false });
  });

  it('is taken up where a backfill was killed', async () => {
    const scenario = await openScenario();
    await scenario.sync(withoutTasks);
    const since = daysAgo(scenario, 80);
    let queries = 0;
    await scenario.kill(
      ['backfill', '--since', dateText(since)],
      (request) => request.includes('/query') && ++queries === 3,
      withoutTasks,
    );
    await expectNothingClaimedFalsely(scenario);
    await scenario.backfill(['--since', dateText(since)], withoutTasks);
    await expectEquality(scenario, { since, tasks: false });
  });

  it.each(['9999-12-31T23:59:59.999Z', '2099-01-01T00:00:00Z'])(
    'is no matter of a session dated %s',
    async (time) => {
      const scenario = await openScenario();
      const { em } = scenario;
      const odd = em.sessions()[0]?.session.id ?? '';
      em.faults.push({
        on: /backupSessions|query/,
        kind: 'edit',
        edit: editRecords([odd], setElement('CreationTimeUTC', time)),
      });
      await scenario.sync(withoutTasks);
      em.requests.length = 0;
      const since = daysAgo(scenario, 60);
      await scenario.backfill(['--since', dateText(since)], withoutTasks);
      expect(em.requests.length).toBeGreaterThan(1);
      expect(em.requests.length).toBeLessThan(400);
      expect(await gapsOf(scenario)).toEqual([]);
      await expectNothingClaimedFalsely(scenario);
      const wanted = em.history().filter(({ session }) => session.createdAt >= since.getTime() * 1_000);
      await expectStored(
        scenario,
        wanted.filter(({ session }) => session.id !== odd),
        { tasks: false },
      );
    },
  );
});

describe('a /query that is not to be trusted', () => {
  const lies: readonly (readonly [string, Partial<QueryManners>, 'stays a gap' | 'may be read'])[] = [
    ['an unreadable row', { rows: 'spoiled' }, 'stays a gap'],
    ['rows twice', { rows: 'twice' }, 'stays a gap'],
    ['400', { status: 400 }, 'stays a gap'],
    ['403', { status: 403 }, 'stays a gap'],
    ['404', { status: 404 }, 'stays a gap'],
    ['500', { status: 500 }, 'stays a gap'],
    ['rows removed between pages', { rows: 'removed-between-pages' }, 'may be read'],
    ['no paging information', { paging: 'missing' }, 'may be read'],
    ['fewer pages than there are', { paging: 'too-few' }, 'may be read'],
    ['more pages than there are', { paging: 'too-many' }, 'may be read'],
    ['rows in unstable order, ten a page', { order: 'unstable', pageSize: 'capped' }, 'may be read'],
    ['the filter ignored', { filter: 'ignored' }, 'may be read'],
    ['the second of two alternatives ignored', { filter: 'first-alternative' }, 'may be read'],
    ['pages of ten, honestly', { pageSize: 'capped' }, 'may be read'],
    ['pages of a hundred, honestly', { pageSize: 'fixed' }, 'may be read'],
    ['children without their parents', { parentLinks: false }, 'may be read'],
  ];

  it.each(lies)('claims nothing that it has not: %s', async (_, lie, expected) => {
    const scenario = await openScenario({ world: quietWorld() });
    const { em } = scenario;
    const day = Math.floor(microsNow(em) / dayMicros - 40) * dayMicros;
    // 250 in a day, of which 35 in one moment, and parents among them.
    const asParent = { type: 'AgentBackup', computer: undefined } as const;
    const [parent] = addSessions(em, 30, day, hourMicros / 4, asParent);
    const ofParent = { parentId: parent?.id };
    addSessions(em, 150, day + minuteMicros, 6 * minuteMicros, ofParent);
    addSessions(em, 35, day + 7 * hourMicros + 1, 0, ofParent);
    addSessions(em, 35, day + 7 * hourMicros + 2, 0, asParent);
    addSessions(em, 3, microsNow(em) - 5 * dayMicros, hourMicros);
    await scenario.sync(withoutTasks);
    const since = daysAgo(scenario, 42);

    Object.assign(em.query, lie);
    em.requests.length = 0;
    await scenario.backfill(['--since', dateText(since)], withoutTasks);
    // However it lies, it is not asked for every second of a year.
    expect(em.requests.length).toBeLessThan(1_000);
    await expectNothingClaimedFalsely(scenario);
    if (expected === 'stays a gap') {
      expect(await gapsOf(scenario)).not.toEqual([]);
      for (const hole of await scenario.holes()) expect(hole.reason).toMatch(/\w{3}/);
    }
    em.repent();
    expect((await scenario.backfill([], withoutTasks)).code).toBe(0);
    expect(await gapsOf(scenario)).toEqual([]);
    // A child may well have no parent: only reading it again tells.
    if (lie.parentLinks === false)
      await scenario.backfill(['--since', dateText(since), '--again'], withoutTasks);
    await expectEquality(scenario, { since, tasks: false });
  });

  it('that reaches 30 days only, is asked again with --again', async () => {
    const scenario = await openScenario({ queryBeyondWindow: false });
    await scenario.sync(withoutTasks);
    const since = dateText(daysAgo(scenario, 50));
    await scenario.backfill(['--since', since], withoutTasks);
    scenario.em.repent();
    await scenario.backfill(['--since', since, '--again'], withoutTasks);
    await expectEquality(scenario, { since: daysAgo(scenario, 50), tasks: false });
  });
});
