import { describe, expect, it } from 'vitest';
import type { QueryManners } from '../../src/simulator/query-manners.ts';
import { openScenario, type Scenario } from '../support/scenario.ts';
import { dayMs, smallWorld } from '../support/small-world.ts';
import { expectEquality } from '../support/truth.ts';

/** About 560 sessions, of which 480 have a task; half as many from an Enterprise Manager that lies. */
const open = (form: 'entity' | 'reference', lie?: Partial<QueryManners>) =>
  openScenario({
    world: smallWorld({ jobs: 2, computers: lie === undefined ? 8 : 4 }),
    entityList: form === 'entity',
  }).then((scenario) => {
    Object.assign(scenario.em.query, lie);
    return scenario;
  });

const forms = ['entity', 'reference'] as const;
/** Logon and logoff, the list, jobs, servers, computers, collection times, and what is found out about /query. */
const atHand = 16;
/** Sessions without tasks that are asked for singly before a batch is believed to have none of theirs. */
const provedEmpty = 10;
const count = ({ em }: Scenario, pattern: RegExp) =>
  em.requests.filter((request) => pattern.test(request)).length;

describe.each(forms)('with a list of the form %s', (form) => {
  it('a first sync and its tasks cost a request for each 40 sessions', async () => {
    const scenario = await open(form);
    const line = await scenario.sync();
    const listed = scenario.em.sessions().length;
    expect(line).toMatchObject({ status: 'succeeded', form, listed, new: listed });
    await expectEquality(scenario);
    const batches = Math.ceil(listed / 40) * (form === 'entity' ? 1 : 2);
    expect(scenario.em.requests.length).toBeLessThanOrEqual(batches + atHand + provedEmpty);
    expect(line.requests).toBe(scenario.em.requests.length);
    expect(Math.max(...scenario.em.requests.map((request) => request.length))).toBeLessThan(8_000);
  });

  it('a poll without news asks next to nothing', async () => {
    const scenario = await open(form);
    await scenario.sync();
    scenario.em.requests.length = 0;
    const listed = scenario.em.sessions().length;
    expect(await scenario.sync()).toMatchObject({
      status: 'succeeded',
      new: 0,
      changed: 0,
      unchanged: listed,
    });
    expect(scenario.em.requests.length).toBeLessThanOrEqual(atHand);
  });

  it('EM_BATCH=off asks for each singly', async () => {
    const scenario = await open(form);
    await scenario.sync({ EM_BATCH: 'off' });
    await expectEquality(scenario);
    expect(count(scenario, /\/query/)).toBe(0);
  });

  it.each<[string, Partial<QueryManners>]>([
    ['ignores the filter', { filter: 'ignored' }],
    ['knows no alternatives', { filter: 'first-alternative' }],
    ['is refused with 400', { status: 400 }],
    ['is not there', { status: 404 }],
    ['leaves out parents', { parentLinks: false }],
    ['is a row short', { rows: 'short-batches' }],
    ['has ten rows a page at most', { pageSize: 'capped' }],
    ['says nothing of its pages', { paging: 'missing' }],
    ['has rows twice', { rows: 'twice' }],
    ['knows no tasks', { tasks: false }],
  ])('a /query that %s ends in equality all the same', async (_, lie) => {
    const scenario = await open(form, lie);
    const listed = scenario.em.sessions().length;
    const line = await scenario.sync();
    expect(line).toMatchObject({ status: 'succeeded', listed, new: listed, holes: 0 });
    await expectEquality(scenario);
    // Found out once, not for every batch: each id is asked for singly once, and little is asked in vain.
    const tasks = form === 'entity' ? 1 : 2;
    expect(line.requests).toBeLessThanOrEqual(listed * tasks + Math.ceil(listed / 20) + atHand + 100);
    // The next day, too; what was found out is remembered.
    scenario.em.advance(dayMs);
    scenario.em.requests.length = 0;
    expect(await scenario.sync()).toMatchObject({ status: 'succeeded', holes: 0 });
    await expectEquality(scenario);
    if (lie.status !== undefined) expect(count(scenario, /\/query/)).toBeLessThanOrEqual(4);
  });
});

it('whatever was found out, an honest /query is used again some day', async () => {
  const scenario = await open('entity', { status: 400 });
  await scenario.sync();
  scenario.em.repent();
  scenario.em.advance(8 * dayMs);
  await scenario.sync();
  await expectEquality(scenario);
});
