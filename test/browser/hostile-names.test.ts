import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAwkwardDatabase } from '../support/awkward-database.ts';
import { awkwardHistory, awkwardNames } from '../support/awkward-history.ts';
import { openBrowserWorld, type BrowserWorld } from '../support/browser-world.ts';
import { visit } from '../support/open-browser.ts';

const markup = '<img src=x onerror=alert(1)><script>alert(2)</script>"\'><a href=javascript:alert(3)>';

const hostileNames = [
  markup,
  ...awkwardNames.filter((name) => name.trim() === name),
  '..',
  '.',
  'a/b?c#d',
  '%2e%2e',
];
const addressOf = (computer: string) =>
  `/computer?${new URLSearchParams({ source: markup, name: computer }).toString()}`;

/** An awkward history with a computer of each hostile name. */
function historyOfHostileNames(day: string): ReturnType<typeof awkwardHistory> {
  const { sessions, tasks } = awkwardHistory(day);
  const times = { created: `${day}T05:00:07.123456Z`, ended: `${day}T05:01:00Z` };
  for (const name of hostileNames) {
    const id = randomUUID();
    sessions.push({
      id,
      name,
      jobType: 'AgentManagement',
      jobId: randomUUID(),
      jobName: name,
      serverId: randomUUID(),
      serverName: name,
      state: 'Stopped',
      result: 'Failed',
      ...times,
    });
    tasks.push({
      id: randomUUID(),
      sessionId: id,
      machine: name,
      result: 'Failed',
      reason: name,
      size: '1',
      ...times,
    });
  }
  return { sessions, tasks };
}

let world: BrowserWorld;
beforeAll(async () => {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const database = await createAwkwardDatabase(historyOfHostileNames(yesterday));
  await database.query(`update jobs set description = $1, server_name = $1, platform = $1`, [markup]);
  await database.query(`update sync_runs set error_kind = 'contract', error_message = $1`, [markup]);
  await database.query(`update sources set name = $1`, [markup]);
  await database.query(`update tasks set reason = $1, task_name = $1`, [markup]);
  await database.query(
    `insert into holes (source_id, hole_key, kind, reason, record, attempts, first_seen_at, last_tried_at, due_at)
     select id, gen_random_uuid(), 'unreadable', $1, $1, 1, now(), now(), now() from sources`,
    [markup],
  );
  world = await openBrowserWorld(database);
});
afterAll(() => world.close());

it('are shown as what they are, on every page', () =>
  world.inTab(async (tab) => {
    const source = encodeURIComponent(markup);
    const [row] = await world.database.query<{ id: string; job: string }>(
      `select session_id as id, job_id as job from sessions where computer = $1`,
      [markup],
    );
    for (const address of [
      '/',
      '/computers',
      addressOf(markup),
      '/jobs',
      `/job?source=${source}&id=${row?.job ?? ''}`,
      `/sessions?search=${encodeURIComponent(markup)}`,
      `/session?source=${source}&id=${row?.id ?? ''}`,
      '/sync',
      '/holes',
    ]) {
      await visit(tab, address);
      expect([address, await tab.page.getByText('onerror=alert(1)').count()]).not.toEqual([address, 0]);
      expect(await tab.page.locator('img[src=x], a[href^=javascript]').count()).toBe(0);
    }
  }));

it('lead to what has them, dots and slashes and all', () =>
  world.inTab(async (tab) => {
    await visit(tab, '/computers');
    const title = tab.page.locator('h1');
    for (const name of hostileNames) {
      const link = tab.page.locator(`a[href=${JSON.stringify(addressOf(name))}]`);
      expect(await link.textContent()).toBe(name);
      await link.click();
      await expect.poll(() => title.textContent()).toBe(name);
      await expect.poll(() => tab.page.locator('.facts').count()).toBe(1);
      await tab.page.goBack();
      await expect.poll(() => title.textContent()).toBe('Computers');
    }
    // So does the address alone.
    for (const name of ['..', 'a/b?c#d', '%2e%2e']) {
      await visit(tab, addressOf(name));
      expect(await title.textContent()).toBe(name);
      expect(await tab.page.locator('.facts').count()).toBe(1);
    }
  }));
