import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAwkwardDatabase } from '../support/awkward-database.ts';
import { awkwardHistory } from '../support/awkward-history.ts';
import { openBrowserWorld, rowsOf, type BrowserWorld } from '../support/browser-world.ts';
import { findBarriers, settle, visit, type Tab } from '../support/open-browser.ts';

let world: BrowserWorld;
beforeAll(async () => {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  world = await openBrowserWorld(await createAwkwardDatabase(awkwardHistory(yesterday)));
});
afterAll(() => world.close());

const answers = (tab: Tab) => tab.page.getByRole('region', { name: 'What is missing at em' });

describe('what is complete', () => {
  it('is said in one line, from when to when, and how it is proved', () =>
    world.inTab(async (tab) => {
      const [health] = await world.database.query<{ from: Date; to: Date }>(
        `select covered_from as from, covered_to as to from report.source_health`,
      );
      await visit(tab, '/');
      const line = tab.page.locator('.verdict');
      expect(await line.innerText()).toMatch(/^✓\s*Complete from/);
      const times = await line.locator('time').all();
      const shown = await Promise.all(times.map((time) => time.getAttribute('datetime')));
      expect(shown.map((time) => Date.parse(time ?? ''))).toEqual([
        health?.from.getTime(),
        health?.to.getTime(),
      ]);
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
    await world.database.query(
      `insert into coverage (source_id, from_at, to_at, via, reason, attempts, first_seen_at, last_tried_at, due_at)
       select source_id, min(from_at) - interval '10 days', min(from_at), null, 'The window held a session twice.', 2,
         now() - interval '2 days', now() - interval '5 hours', now() + interval '19 hours'
       from coverage group by 1`,
    );
    await world.database.query(
      `insert into holes (source_id, hole_key, kind, session_id, reason, record, attempts, first_seen_at, last_tried_at, due_at)
       select source_id, session_id, 'unreadable', session_id, 'EndTimeUTC is no time.', '<EndTimeUTC>2026-13-45</EndTimeUTC>', 3,
         now() - interval '1 day', now(), now() + interval '8 minutes'
       from sessions order by session_id limit 1`,
    );
    await world.database.query('update sources set version = version + 1');
  });
  afterAll(async () => {
    await world.database.query('delete from holes');
    await world.database.query('delete from coverage where via is null');
    await world.database.query('update sources set version = version + 1');
  });

  it('is said on the overview, with the way to what has to be done', () =>
    world.inTab(async (tab) => {
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
      // The bar of time comes with an answer of its own.
      await expect
        .poll(() => tab.page.getByRole('img', { name: /but for 1 gap, 10 d together/ }).count())
        .toBe(1);
      expect(await tab.page.locator('.bar-of-time .stretch.gap').count()).toBe(1);
    }));

  it('is listed with reason, tries and the text that came, and can be gone through by kind', () =>
    world.inTab(async (tab) => {
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
    world.inTab(async (tab) => {
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
