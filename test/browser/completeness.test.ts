import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAwkwardDatabase } from '../support/awkward-database.ts';
import { awkwardHistory } from '../support/awkward-history.ts';
import { findBarriers, openBrowser, openTab, settle, visit, type Tab } from '../support/open-browser.ts';
import { runCli } from '../support/run-cli.ts';
import { startApi, type RunningApi } from '../support/start-api.ts';
import type { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let api: RunningApi;
let browser: Browser;

beforeAll(async () => {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  database = await createAwkwardDatabase(awkwardHistory(yesterday));
  [api, browser] = await Promise.all([startApi({ DATABASE_URL: database.url }), openBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await api.service.stop();
  await database.drop();
});

async function inTab(work: (tab: Tab) => Promise<void>): Promise<void> {
  const tab = await openTab(browser, api.url);
  try {
    await work(tab);
    expect(tab.complaints).toEqual([]);
  } finally {
    await tab.close();
  }
}

const count = async (from: string) =>
  (await database.query<{ count: number }>(`select count(*)::integer as count from ${from}`))[0]?.count ?? 0;
const figure = (tab: Tab, name: string) =>
  tab.page
    .getByRole('link', { name: new RegExp(`^${name} `) })
    .locator('.value')
    .innerText();
const rowsOf = (tab: Tab, caption: string) =>
  tab.page.getByRole('region', { name: caption, exact: true }).locator('tbody tr');
const answers = (tab: Tab) => tab.page.getByRole('region', { name: 'What is missing at em' });
async function label(...labels: readonly Readonly<Record<string, string>>[]): Promise<void> {
  const body = JSON.stringify(labels.map((one) => ({ source: 'em', ...one })));
  const headers = { 'content-type': 'application/json' };
  const answer = await api.ask('/api/v1/labels', { method: 'PUT', headers, body });
  expect(answer.status).toBe(200);
}

describe('what is complete', () => {
  it('is said in one line, from when to when, and how it is proved', () =>
    inTab(async (tab) => {
      const [health] = await database.query<{ from: Date; to: Date }>(
        `select covered_from as from, covered_to as to from report.source_health`,
      );
      await visit(tab, '/');
      const line = tab.page.locator('.verdict');
      expect(await line.innerText()).toMatch(/^✓\s*Complete from/);
      const times = await line
        .locator('time')
        .evaluateAll((all) => all.map((one) => one.getAttribute('datetime') ?? ''));
      expect(times.map((time) => Date.parse(time))).toEqual([health?.from.getTime(), health?.to.getTime()]);
      await line.getByRole('link').click();
      await tab.page.waitForURL('**/sync');
      await settle(tab);
      expect(await tab.page.getByRole('img', { name: /^em: read whole from/ }).count()).toBe(1);
      expect(await answers(tab).count()).toBe(0);
      await tab.page.getByRole('link', { name: 'What is proved, and what cannot be' }).click();
      await tab.page.waitForURL('**/completeness');
      await expect
        .poll(() => tab.page.getByRole('heading').allInnerTexts())
        .toContain('What cannot be proved');
    }));
});

describe('what is missing', () => {
  beforeAll(async () => {
    await database.query(
      `insert into coverage (source_id, from_at, to_at, via, reason, attempts, first_seen_at, last_tried_at, due_at)
       select source_id, min(from_at) - interval '10 days', min(from_at), null, 'The window held a session twice.', 2,
         now() - interval '2 days', now() - interval '5 hours', now() + interval '19 hours'
       from coverage group by 1`,
    );
    await database.query(
      `insert into holes (source_id, hole_key, kind, session_id, reason, record, attempts, first_seen_at, last_tried_at, due_at)
       select source_id, session_id, 'unreadable', session_id, 'EndTimeUTC is no time.', '<EndTimeUTC>2026-13-45</EndTimeUTC>', 3,
         now() - interval '1 day', now(), now() + interval '8 minutes'
       from sessions order by session_id limit 1`,
    );
    await database.query('update sources set version = version + 1');
  });
  afterAll(async () => {
    await database.query('delete from holes');
    await database.query('delete from coverage where via is null');
    await database.query('update sources set version = version + 1');
  });

  it('is said on the overview, with the way to what has to be done', () =>
    inTab(async (tab) => {
      await visit(tab, '/');
      const line = tab.page.locator('.verdict');
      expect(await line.innerText()).toContain(
        'Not complete: 2 holes, among them 10 d that nothing has read',
      );
      await line.getByRole('link').click();
      await expect.poll(() => answers(tab).count()).toBe(1);
      expect(await answers(tab).innerText()).toMatch(
        /Is anything missing\?\s+Yes: 2 holes[^]*Is it being filled\?\s+Yes: tried again in \d minutes[^]*session-history backfill --source em/,
      );
      expect(await tab.page.getByRole('img', { name: /but for 1 gap, 10 d together/ }).count()).toBe(1);
      expect(await tab.page.locator('.bar-of-time .stretch.gap').count()).toBe(1);
    }));

  it('is listed with reason, tries and the text that came, and can be gone through by kind', () =>
    inTab(async (tab) => {
      await visit(tab, '/holes');
      const rows = rowsOf(tab, 'Holes');
      expect(await rows.allInnerTexts()).toEqual([
        expect.stringMatching(/unreadable[^]*EndTimeUTC is no time\.[^]*3×, last[^]*in \d minutes/),
        expect.stringMatching(
          /not read[^]*10 d[^]*held a session twice\.[^]*2×, last\s+5 hours ago[^]*in 18 hours/,
        ),
      ]);
      await rows.getByText('The text that came').click();
      expect(await rows.locator('pre').innerText()).toBe('<EndTimeUTC>2026-13-45</EndTimeUTC>');
      await tab.page.getByRole('combobox', { name: 'What' }).selectOption('not read');
      await tab.page.waitForURL(/kind=gap/);
      await expect.poll(() => rows.count()).toBe(1);
      await tab.page.goBack();
      await expect.poll(() => rows.count()).toBe(2);
      await rows.getByRole('link').click();
      await expect.poll(() => tab.page.locator('.facts').count()).toBe(1);
    }));

  it.each(['/', '/sync', '/holes'])('keeps nobody out of %s, in light and dark, wide and narrow', (address) =>
    inTab(async (tab) => {
      await visit(tab, address);
      expect(await findBarriers(tab)).toEqual([]);
      await tab.page.setViewportSize({ width: 360, height: 900 });
      await tab.page.emulateMedia({ colorScheme: 'dark' });
      await settle(tab);
      expect(await findBarriers(tab)).toEqual([]);
      expect(await tab.page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    }),
  );
});

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
    inTab(async (tab) => {
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
    inTab(async (tab) => {
      await visit(tab, '/?customer=Acme');
      expect(Number(await figure(tab, 'Computers'))).toBe(2);
      expect(await tab.page.locator('.heat-row').count()).toBe(2);
      await tab.page.getByRole('link', { name: /^Success rate / }).click();
      await tab.page.waitForURL(/\/sessions\?.*customer=Acme/);
      await expect
        .poll(() => rowsOf(tab, 'Sessions').count())
        .toBe(await count(`report.sessions where customer = 'Acme' and kind = 'computer'`));
      await visit(tab, '/jobs?customer=Acme');
      expect(await rowsOf(tab, 'Jobs').count()).toBe(await count(`report.jobs where customer = 'Acme'`));
    }));
});

describe('who missed the last backup', () => {
  it('is counted without those that are muted, who are shown as such', () =>
    inTab(async (tab) => {
      const [missed] = await database.query<{ computer: string }>(
        `select computer from report.computers where missed_last_expected order by expected_by desc, computer limit 1`,
      );
      const computer = missed?.computer ?? '';
      await label({ computer, name: 'muted_until', value: '2099-01-01' });
      await visit(tab, '/');
      expect(Number(await figure(tab, 'Missed'))).toBe(
        await count(`report.computers where missed_last_expected and not is_muted`),
      );
      await tab.page.getByRole('link', { name: /^Missed / }).click();
      await tab.page.getByRole('button', { name: 'Take away the filter isMuted false' }).click();
      await tab.page.waitForURL((url) => url.searchParams.get('isMuted') === null);
      await settle(tab);
      expect(await rowsOf(tab, 'Computers').count()).toBe(
        Math.min(100, await count(`report.computers where missed_last_expected`)),
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
    const made = await runCli(['keys', 'create', '--name', customer, '--customer', customer], {
      DATABASE_URL: database.url,
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
    const tab = await openTab(browser, api.url);
    try {
      await enter(tab, 'Acme');
      expect(await tab.page.locator('main').innerText()).toContain('This key shows what is of Acme');
      expect(Number(await figure(tab, 'Computers'))).toBe(2);
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
    const tab = await openTab(browser, api.url);
    try {
      await enter(tab, 'Nobody');
      await expect.poll(() => tab.page.locator('main').innerText()).toContain('This key shows nothing yet');
      expect(complaintsOf(tab)).toEqual([]);
    } finally {
      await tab.close();
    }
  });
});
