import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAwkwardDatabase } from '../support/awkward-database.ts';
import { awkwardHistory } from '../support/awkward-history.ts';
import { figureOf, openBrowserWorld, rowsOf, type BrowserWorld } from '../support/browser-world.ts';
import { findBarriers, openTab, settle, visit, type Tab } from '../support/open-browser.ts';
import { runHere } from '../support/run-here.ts';

let world: BrowserWorld;
beforeAll(async () => {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  world = await openBrowserWorld(await createAwkwardDatabase(awkwardHistory(yesterday)));
});
afterAll(() => world.close());

async function label(...labels: readonly Readonly<Record<string, string>>[]): Promise<void> {
  const body = JSON.stringify(labels.map((one) => ({ source: 'em', ...one })));
  const headers = { 'content-type': 'application/json' };
  const answer = await world.api.ask('/api/v1/labels', { method: 'PUT', headers, body });
  expect(answer.status).toBe(200);
}

describe('customers and sites', () => {
  beforeAll(() =>
    label(
      { computer: 'PC - 0', name: 'customer', value: 'Acme' },
      { computer: 'PC - 1', name: 'customer', value: 'Acme' },
      { computer: 'PC - 1', name: 'site', value: 'Berlin' },
      { computer: 'PC - 2', name: 'customer', value: 'Initech & Söhne' },
    ),
  );

  it('choose what is listed, several at once, in the address and back', () =>
    world.inTab(async (tab) => {
      await visit(tab, '/computers');
      const rows = rowsOf(tab, 'Computers');
      const choose = tab.page.getByRole('combobox', { name: 'Customer' });
      await choose.selectOption('Acme');
      await expect.poll(() => rows.count()).toBe(2);
      await choose.selectOption('Initech & Söhne');
      await expect.poll(() => rows.count()).toBe(3);
      expect(new URL(tab.page.url()).searchParams.getAll('customer')).toEqual(['Acme', 'Initech & Söhne']);
      await tab.page.reload();
      await expect.poll(() => rows.count()).toBe(3);
      expect((await rows.locator('td:nth-child(2)').allInnerTexts()).toSorted()).toEqual([
        'Acme',
        'Acme',
        'Initech & Söhne',
      ]);
      await tab.page.goBack();
      await expect.poll(() => rows.count()).toBe(2);
      await tab.page.getByRole('combobox', { name: 'Site' }).selectOption('Berlin');
      await expect.poll(() => rows.count()).toBe(1);
      await tab.page.getByRole('button', { name: 'Take away the filter customer Acme' }).click();
      await tab.page.waitForURL((url) => url.search === '?site=Berlin');
    }));

  it('choose what the overview shows, and the lists behind its figures', () =>
    world.inTab(async (tab) => {
      await visit(tab, '/?customer=Acme');
      expect(Number(await figureOf(tab, 'Computers'))).toBe(2);
      expect(await tab.page.locator('.heat-row').count()).toBe(2);
      await tab.page.getByRole('link', { name: /^Success rate / }).click();
      await tab.page.waitForURL(/\/sessions\?.*customer=Acme/);
      await expect
        .poll(() => rowsOf(tab, 'Sessions').count())
        .toBe(await world.count(`report.sessions where customer = 'Acme' and kind = 'computer'`));
      await visit(tab, '/jobs?customer=Acme');
      expect(await rowsOf(tab, 'Jobs').count()).toBe(
        await world.count(`report.jobs where customer = 'Acme'`),
      );
    }));
});

describe('who missed the last backup', () => {
  it('is counted without those that are muted, who are shown as such', () =>
    world.inTab(async (tab) => {
      const [missed] = await world.database.query<{ computer: string }>(
        `select computer from report.computers where missed_last_expected order by expected_by desc, computer limit 1`,
      );
      const computer = missed?.computer ?? '';
      await label({ computer, name: 'muted_until', value: '2099-01-01' });
      await visit(tab, '/');
      expect(Number(await figureOf(tab, 'Missed'))).toBe(
        await world.count(`report.computers where missed_last_expected and not is_muted`),
      );
      await tab.page.getByRole('link', { name: /^Missed / }).click();
      await tab.page.getByRole('button', { name: 'Take away the filter isMuted false' }).click();
      await tab.page.waitForURL((url) => url.searchParams.get('isMuted') === null);
      await settle(tab);
      expect(await rowsOf(tab, 'Computers').count()).toBe(
        Math.min(100, await world.count(`report.computers where missed_last_expected`)),
      );
      await tab.page.getByRole('combobox', { name: 'State' }).selectOption('muted');
      await expect.poll(() => rowsOf(tab, 'Computers').count()).toBe(1);
      expect(await rowsOf(tab, 'Computers').innerText()).toMatch(/(missed|overdue)\s*muted/);
      expect(await findBarriers(tab)).toEqual([]);
    }));
});

/** The last of this file: keys close what was open to all. */
describe('a key of a customer', () => {
  async function enter(tab: Tab, customer: string): Promise<void> {
    const made = await runHere(['keys', 'create', '--name', customer, '--customer', customer], {
      DATABASE_URL: world.database.url,
    });
    await tab.page.goto('/');
    await tab.page.getByLabel('API key').fill(made.stdout.trim());
    await tab.page.keyboard.press('Enter');
    await expect.poll(() => tab.page.locator('h1').innerText()).toBe('Overview');
    await settle(tab);
  }

  // What the browser says of the one answer that asks for the key.
  const complaintsOf = (tab: Tab) => tab.complaints.filter((one) => !one.includes('401'));

  it('shows what is theirs, says so, and leads nowhere else', async () => {
    const tab = await openTab(world.browser, world.api.url);
    try {
      await enter(tab, 'Acme');
      expect(await tab.page.locator('main').innerText()).toContain('This key shows what is of Acme');
      expect(Number(await figureOf(tab, 'Computers'))).toBe(2);
      expect(await tab.page.locator('.verdict').count()).toBe(0);
      expect(await tab.page.getByRole('heading', { name: 'Is everything read?' }).count()).toBe(0);
      for (const name of ['Computers', 'Jobs', 'Sessions', 'Sync']) {
        await tab.page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
        await expect.poll(() => tab.page.locator('h1').innerText()).toBe(name);
        await settle(tab);
        expect([name, await tab.page.locator('.trouble, .banner').count()]).toEqual([name, 0]);
        expect(await tab.page.locator('main').innerText()).not.toMatch(/Initech|PC - 2/);
      }
      expect(await tab.page.locator('main').innerText()).toContain('is told to those who run this service');
      await tab.page.getByRole('link', { name: 'To the overview' }).click();
      await expect.poll(() => tab.page.locator('h1').innerText()).toBe('Overview');
      expect(complaintsOf(tab)).toEqual([]);
    } finally {
      await tab.close();
    }
  });

  it('that has nothing yet is told why there is nothing', async () => {
    const tab = await openTab(world.browser, world.api.url);
    try {
      await enter(tab, 'Nobody');
      await expect.poll(() => tab.page.locator('main').innerText()).toContain('This key shows nothing yet');
      expect(complaintsOf(tab)).toEqual([]);
    } finally {
      await tab.close();
    }
  });
});
