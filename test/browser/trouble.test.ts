import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createAwkwardDatabase } from '../support/awkward-database.ts';
import { openBrowser, openTab, visit, type Tab } from '../support/open-browser.ts';
import { runHere } from '../support/run-here.ts';
import { startApi } from '../support/start-api.ts';
import {
  database as emptyDatabase,
  later,
  patience,
  simulator,
  sourcesFile,
} from '../support/service-world.ts';
import type { TestDatabase } from '../support/test-database.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

const tabs: Tab[] = [];
afterEach(async () => {
  for (const tab of tabs.splice(0)) await tab.close();
});
async function tabAt(url: string): Promise<Tab> {
  const tab = await openTab(browser, url);
  tabs.push(tab);
  return tab;
}
async function startFor(database: TestDatabase, environment: Readonly<Record<string, string>> = {}) {
  const api = await startApi({ DATABASE_URL: database.url, ...environment });
  later(async () => {
    if (api.service.process.exitCode === null) await api.service.stop();
  });
  return api;
}

it('asks for the key once, keeps it in the tab, and lets go of it when it is revoked', async () => {
  const db = await emptyDatabase();
  await db.query(`insert into sources (name, url) values ('em', 'https://em.example')`);
  const made = await runHere(['keys', 'create', '--name', 'reader'], { DATABASE_URL: db.url });
  const key = made.stdout.trim();
  const api = await startFor(db);
  const tab = await tabAt(api.url);
  const addresses: string[] = [];
  tab.page.on('request', (request) => addresses.push(request.url()));
  await tab.page.goto('/computers?search=x');
  await tab.page.getByLabel('API key').fill('wrong');
  await tab.page.getByRole('button', { name: 'Show the history' }).click();
  await expect.poll(() => tab.page.getByRole('alert').innerText()).toContain('not good');
  await tab.page.getByLabel('API key').fill(key);
  await tab.page.keyboard.press('Enter');
  await expect.poll(() => tab.page.locator('h1').innerText()).toBe('Computers');
  await tab.page.reload();
  await expect.poll(() => tab.page.locator('h1').innerText()).toBe('Computers');
  expect(addresses.filter((one) => one.includes(key))).toEqual([]);
  expect(await tab.page.evaluate('JSON.stringify(localStorage) + document.cookie')).not.toContain(key);
  // A key that may only read has nothing to press.
  await visit(tab, '/sync');
  expect(await tab.page.getByRole('button', { name: /Sync now/ }).count()).toBe(0);

  await db.query('update api_keys set revoked_at = now()');
  await runHere(['keys', 'create', '--name', 'other'], { DATABASE_URL: db.url });
  await tab.page.getByRole('link', { name: 'Sessions' }).click();
  await expect.poll(() => tab.page.getByLabel('API key').count()).toBe(1);
});

it('says that the service is gone, keeps what was shown, and goes on when it is back', async () => {
  const database = await createAwkwardDatabase();
  later(() => database.drop());
  const api = await startFor(database);
  const tab = await tabAt(api.url);
  await visit(tab, '/computers');
  const rows = () => tab.page.getByRole('region', { name: 'Computers' }).locator('tbody tr').count();
  const before = await rows();
  expect(before).toBeGreaterThan(0);
  await api.service.stop();
  // Coming back to a window asks again, as time passing does.
  const comeBack = () => tab.page.evaluate(`window.dispatchEvent(new Event('visibilitychange'))`);
  await expect
    .poll(async () => {
      await comeBack();
      return tab.page.locator('.banner').count();
    }, patience)
    .toBe(1);
  expect(await tab.page.locator('.banner').innerText()).toContain('does not answer');
  expect(await rows()).toBe(before);
  await startFor(database, { API_PORT: new URL(api.url).port });
  await expect
    .poll(async () => {
      await comeBack();
      return tab.page.locator('.banner').count();
    }, patience)
    .toBe(0);
  expect(tab.complaints.filter((one) => !one.includes('ERR_CONNECTION_REFUSED'))).toEqual([]);
});

it('says what to do while there is nothing to show, then syncs on demand and shows it', async () => {
  const db = await emptyDatabase();
  const bare = await startFor(db);
  const first = await tabAt(bare.url);
  await visit(first, '/');
  expect(await first.page.locator('main').innerText()).toContain('No sync has run yet');
  expect(first.complaints).toEqual([]);
  await bare.service.stop();

  const em = await simulator(300);
  const api = await startApi(
    {
      DATABASE_URL: db.url,
      SOURCES_FILE: sourcesFile([{ name: 'head office', url: em.url }]),
      SYNC_INTERVAL_MINUTES: '60',
    },
    'serve',
  );
  later(() => api.service.stop());
  await expect
    .poll(async () => (await db.query(`select from sync_runs where status = 'succeeded'`)).length, patience)
    .toBe(1);
  const tab = await tabAt(api.url);
  await visit(tab, '/sync');
  await tab.page.getByRole('button', { name: 'Sync now: head office' }).click();
  await expect.poll(() => tab.page.locator('.sync-now').innerText(), patience).toContain('done:');
  await expect
    .poll(
      () => tab.page.getByRole('region', { name: 'Runs of the sync' }).locator('tbody tr').count(),
      patience,
    )
    .toBe(2);
  await visit(tab, '/');
  expect(await tab.page.locator('.heat-row').count()).toBeGreaterThan(0);
  expect(await tab.page.locator('.verdict').innerText()).toContain('Complete from');
  expect(tab.complaints).toEqual([]);
});

it('is served under a policy that allows nothing unsafe and nothing from elsewhere', async () => {
  const api = await startFor(await emptyDatabase());
  for (const page of ['/', '/computers', '/session?id=x']) {
    const answer = await api.ask(page);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain(`default-src 'none'`);
    expect(policy).not.toContain('unsafe');
    expect(policy).not.toMatch(/https?:/);
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    const html = await answer.text();
    expect(html).not.toMatch(/<script>|style=|https?:/);
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? '';
    const file = await api.ask(script);
    expect([file.status, file.headers.get('cache-control')]).toEqual([
      200,
      'public, max-age=31536000, immutable',
    ]);
  }
  for (const missing of ['/assets/..%2f..%2fpackage.json', '/assets/nothing.js', '/nothing'])
    expect((await api.ask(missing)).status).toBe(404);
});
