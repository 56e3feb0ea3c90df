import type { Browser, Locator } from 'playwright-core';
import { expect } from 'vitest';
import { openBrowser, openTab, type Tab } from './open-browser.ts';
import { startApi, type RunningApi } from './start-api.ts';
import type { TestDatabase } from './test-database.ts';

/** A database, the API over it, and a browser to look at its pages with. */
export type BrowserWorld = {
  readonly database: TestDatabase;
  readonly api: RunningApi;
  readonly browser: Browser;
  /** Does something in a tab of its own, which must have nothing to complain of at the end. */
  inTab(work: (tab: Tab) => Promise<void>): Promise<void>;
  /** Rows of what stands behind `from` in SQL. */
  count(from: string): Promise<number>;
  close(): Promise<void>;
};

export async function openBrowserWorld(database: TestDatabase): Promise<BrowserWorld> {
  const [api, browser] = await Promise.all([startApi({ DATABASE_URL: database.url }), openBrowser()]);
  return {
    database,
    api,
    browser,
    inTab: async (work) => {
      const tab = await openTab(browser, api.url);
      try {
        await work(tab);
        expect(tab.complaints).toEqual([]);
      } finally {
        await tab.close();
      }
    },
    count: async (from) => {
      const [row] = await database.query<{ count: number }>(`select count(*)::integer as count from ${from}`);
      return row?.count ?? 0;
    },
    close: async () => {
      await browser.close();
      await api.service.stop();
      await database.drop();
    },
  };
}

/** The rows of the table of that name. */
export const rowsOf = ({ page }: Tab, caption: string): Locator =>
  page.getByRole('region', { name: caption, exact: true }).locator('tbody tr');

/** A figure of the overview. */
export const figureOf = ({ page }: Tab, name: string): Promise<string> =>
  page
    .getByRole('link', { name: new RegExp(`^${name} `) })
    .locator('.value')
    .innerText();
