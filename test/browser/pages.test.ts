import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator } from '../../src/simulator/start-simulator.ts';
import { figureOf, openBrowserWorld, rowsOf, type BrowserWorld } from '../support/browser-world.ts';
import { findBarriers, settle, visit } from '../support/open-browser.ts';
import { credentials, syncOnce } from '../support/sync-once.ts';
import { createTestDatabase } from '../support/test-database.ts';

let world: BrowserWorld;
const screenshots = process.env['SCREENSHOTS'];

beforeAll(async () => {
  const em = await startSimulator({
    sessions: screenshots === undefined ? 2_500 : 12_000,
    frozen: true,
    ...credentials,
  });
  const database = await createTestDatabase();
  await syncOnce(em.url, database.url);
  await em.close();
  world = await openBrowserWorld(database);
});
afterAll(() => world.close());

const count = (where: string, from = 'report.sessions') => world.count(`${from} where ${where}`);

const looks = [
  { width: 1_400, colorScheme: 'light' },
  { width: 360, colorScheme: 'light' },
  { width: 1_400, colorScheme: 'dark' },
  { width: 360, colorScheme: 'dark' },
] as const;

/** An address of each page. */
const addresses: Readonly<Record<string, () => string | Promise<string>>> = {
  overview: () => '/',
  computers: () => '/computers?sort=-consecutiveFailures',
  computer: async () => {
    const { source, computer } = await newestFailure();
    return `/computer?source=${source}&name=${encodeURIComponent(computer)}`;
  },
  jobs: () => '/jobs',
  job: async () => {
    const { source, job } = await newestFailure();
    return `/job?source=${source}&id=${job}`;
  },
  sessions: () => '/sessions?outcome=failed',
  session: async () => {
    const { source, id } = await newestFailure();
    return `/session?source=${source}&id=${id}`;
  },
  'job-session': async () => {
    const [parent] = await world.database.query<{ source: string; id: string }>(
      `select source, session_id as id from report.sessions where kind = 'job' and is_final order by created_at desc limit 1`,
    );
    return `/session?source=${parent?.source ?? ''}&id=${parent?.id ?? ''}`;
  },
  sync: () => '/sync',
  holes: () => '/holes',
  completeness: () => '/completeness',
};

async function newestFailure() {
  const [session] = await world.database.query<{ source: string; id: string; job: string; computer: string }>(
    `select source, session_id as id, job_id as job, computer from report.sessions
     where kind = 'computer' and outcome = 'failed' order by created_at desc limit 1`,
  );
  return session ?? { source: '', id: '', job: '', computer: '' };
}

it.each(Object.entries(addresses))(
  'shows the page %s whole, without a barrier, in every look',
  (name, address) =>
    world.inTab(async (tab) => {
      await visit(tab, await address());
      for (const { width, colorScheme } of looks) {
        await tab.page.setViewportSize({ width, height: 900 });
        await tab.page.emulateMedia({ colorScheme });
        await settle(tab);
        const look = `${width} ${colorScheme}`;
        expect([look, await tab.page.locator('.trouble, .banner').count()]).toEqual([look, 0]);
        const barriers = await findBarriers(tab, colorScheme === 'light' ? 'all' : 'colours');
        expect([look, barriers]).toEqual([look, []]);
        // Tables scroll in themselves; the page never sideways.
        expect([look, await tab.page.evaluate('document.documentElement.scrollWidth')]).toEqual([
          look,
          width,
        ]);
        if (screenshots !== undefined)
          await tab.page.screenshot({ path: `${screenshots}/${name}-${width}-${colorScheme}.png` });
      }
    }),
);

describe('the overview', () => {
  it('has the figures that SQL has, and links to the lists behind them', () =>
    world.inTab(async (tab) => {
      await visit(tab, '/');
      expect(Number(await figureOf(tab, 'Computers'))).toBe(await count('true', 'report.computers'));
      expect(Number(await figureOf(tab, 'Overdue'))).toBe(await count('is_overdue', 'report.computers'));
      expect(Number(await figureOf(tab, 'Running'))).toBe(
        await count(`kind = 'computer' and outcome = 'running'`),
      );
      await tab.page.getByRole('link', { name: /^Overdue / }).click();
      await tab.page.waitForURL(/\/computers\?.*isOverdue=true/);
      await expect
        .poll(() => rowsOf(tab, 'Computers').count())
        .toBe(await count('is_overdue', 'report.computers'));
    }));

  it('shows a day of a computer as SQL has it, and the sessions behind it', () =>
    world.inTab(async (tab) => {
      await visit(tab, '/');
      const [failed] = await world.database.query<{ computer: string; day: string; sessions: number }>(
        `select computer, (created_at at time zone 'UTC')::date::text as day, count(*)::integer as sessions
         from report.sessions
         where kind = 'computer' and computer is not null
         group by 1, 2
         having bool_and(outcome = 'failed') and bool_and(not is_retry)
         order by 2 desc, 1
         limit 1`,
      );
      const { computer = '', day = '', sessions = 0 } = failed ?? {};
      await tab.page.getByRole('searchbox', { name: 'Computer' }).fill(computer);
      await expect.poll(() => tab.page.locator('.heat-row').count()).toBe(1);
      const shown = new Intl.DateTimeFormat('en-GB', {
        weekday: 'short',
        day: 'numeric',
        month: 'short',
        timeZone: 'UTC',
      }).format(new Date(day));
      await tab.page.getByRole('gridcell', { name: `${computer}, ${shown}: failed` }).click();
      await tab.page.waitForURL(/\/sessions\?/);
      await expect.poll(() => rowsOf(tab, 'Sessions').count()).toBe(sessions);
    }));

  it('is walked by keyboard, from cell to cell, to the sessions of a day', () =>
    world.inTab(async (tab) => {
      await visit(tab, '/');
      const grid = tab.page.getByRole('grid');
      await grid.focus();
      const active = () => grid.getAttribute('aria-activedescendant');
      const before = await active();
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft'])
        await tab.page.keyboard.press(key);
      expect(await active()).not.toBe(before);
      expect(await active()).toMatch(/^cell-2-/);
      const id = (await active()) ?? '';
      const name = (await tab.page.locator(`#${id}`).getAttribute('aria-label')) ?? '';
      await tab.page.keyboard.press('End');
      await tab.page.keyboard.press('PageDown');
      expect(await active()).toMatch(/^cell-22-/);
      await tab.page.keyboard.press('PageUp');
      await tab.page.keyboard.press('Home');
      expect(await active()).toBe('cell-2-0');
      await tab.page.keyboard.press('Enter');
      await tab.page.waitForURL((url) => url.searchParams.get('computer') === name.split(',')[0]);
    }));
});

describe('lists', () => {
  it('search as one types, keep it in the address, and go back', () =>
    world.inTab(async (tab) => {
      await visit(tab, '/computers');
      await tab.page.getByRole('searchbox', { name: 'Computer' }).pressSequentially('sql');
      const expected = await count(`computer ilike '%sql%'`, 'report.computers');
      await expect.poll(() => rowsOf(tab, 'Computers').count()).toBe(expected);
      expect(new URL(tab.page.url()).search).toBe('?search=sql');
      await tab.page.reload();
      await expect.poll(() => rowsOf(tab, 'Computers').count()).toBe(expected);
      await rowsOf(tab, 'Computers').first().getByRole('link').first().click();
      await tab.page.waitForURL(/\/computer\?/);
      await tab.page.goBack();
      await expect.poll(() => rowsOf(tab, 'Computers').count()).toBe(expected);
    }));

  it('filter by several things at once, as SQL does', () =>
    world.inTab(async (tab) => {
      await visit(tab, '/sessions?outcome=failed&isRetry=true&limit=7');
      const expected = await count(`outcome = 'failed' and is_retry and kind = 'computer'`);
      await tab.page.getByRole('combobox', { name: 'Of' }).selectOption('computers');
      await expect.poll(() => rowsOf(tab, 'Sessions').count()).toBe(Math.min(100, expected));
      await tab.page.getByRole('button', { name: 'Take away the filter isRetry true' }).click();
      await tab.page.waitForURL((url) => url.searchParams.get('isRetry') === null);
    }));

  it('go from page to page without showing a row twice', () =>
    world.inTab(async (tab) => {
      await visit(tab, '/sessions?kind=computer');
      const links = () =>
        rowsOf(tab, 'Sessions')
          .locator('td:first-child a')
          .evaluateAll((all) => all.map((a) => (a as unknown as { readonly href: string }).href));
      const first = await links();
      await tab.page.getByRole('link', { name: 'Next page' }).click();
      await tab.page.waitForURL(/cursor=/);
      await expect.poll(async () => (await links()).filter((link) => first.includes(link))).toEqual([]);
      expect(await links()).toHaveLength(100);
      await tab.page.getByRole('link', { name: 'First page' }).click();
      await expect.poll(links).toEqual(first);
    }));

  it('sort by a heading, both ways', () =>
    world.inTab(async (tab) => {
      await visit(tab, '/computers');
      const names = () => rowsOf(tab, 'Computers').locator('td:first-child').allInnerTexts();
      const expected = async (direction: string) =>
        (
          await world.database.query<{ computer: string }>(
            `select computer from report.computers order by consecutive_failures ${direction}, source ${direction}, computer ${direction} limit 100`,
          )
        ).map(({ computer }) => computer);
      const heading = tab.page.getByRole('button', { name: 'Failures in a row' });
      await heading.click();
      await expect.poll(names).toEqual(await expected('desc'));
      await heading.click();
      await expect.poll(names).toEqual(await expected('asc'));
      expect(
        await tab.page.getByRole('columnheader', { name: 'Failures in a row' }).getAttribute('aria-sort'),
      ).toBe('ascending');
    }));

  it.each(['CSV', 'Excel', 'Parquet'])('download what is shown as %s', (format) =>
    world.inTab(async (tab) => {
      await visit(tab, '/sessions?outcome=failed&sort=createdAt');
      const [download] = await Promise.all([
        tab.page.waitForEvent('download'),
        tab.page.getByRole('button', { name: `Download as ${format}` }).click(),
      ]);
      const name = format === 'Excel' ? 'xlsx' : format.toLowerCase();
      expect(download.suggestedFilename()).toBe(`sessions.${name}`);
      const chunks: Buffer[] = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
      const answer = await world.api.ask(`/api/v1/sessions?outcome=failed&sort=createdAt&format=${name}`);
      expect(Buffer.concat(chunks).equals(Buffer.from(await answer.arrayBuffer()))).toBe(true);
    }),
  );
});

it('shows a session with the job it belongs to, and what it says of itself', () =>
  world.inTab(async (tab) => {
    const [row] = await world.database.query<{ source: string; id: string; reason: string; parent: string }>(
      `select child.source, child.session_id as id, child.failure_reason as reason, child.parent_session_id as parent
       from report.sessions as child
       join report.sessions as parent on parent.session_id = child.parent_session_id
       where child.outcome = 'failed' and child.failure_reason is not null
       order by child.created_at desc limit 1`,
    );
    const { source = '', id = '', reason = '', parent = '' } = row ?? {};
    await visit(tab, `/session?source=${source}&id=${id}`);
    expect(await tab.page.locator('p.reason').innerText()).toBe(reason);
    await rowsOf(tab, 'Session of the job').getByRole('link').first().click();
    await tab.page.waitForURL((url) => url.searchParams.get('id') === parent);
    await expect
      .poll(() => rowsOf(tab, 'Sessions of computers').count())
      .toBe(await count(`parent_session_id = '${parent}'`));
    expect(await tab.page.title()).toContain('@');
  }));

it('says times where the reader is, and UTC beside them', () =>
  world.inTab(async (tab) => {
    const [row] = await world.database.query<{ source: string; id: string; utc: string; local: string }>(
      `select source, session_id as id, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' as utc,
         to_char(created_at at time zone 'Europe/Berlin', 'HH24:MI:SS') as local
       from report.sessions order by created_at desc limit 1`,
    );
    await visit(tab, `/session?source=${row?.source ?? ''}&id=${row?.id ?? ''}`);
    const started = tab.page.locator('.facts div', { hasText: 'Started' }).locator('time');
    expect(await started.getAttribute('title')).toBe(row?.utc);
    expect(await started.innerText()).toContain(row?.local);
  }));
