import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import axe, { type AxeResults } from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { expect } from 'vitest';

/** A page of a browser window of its own, and what went wrong in it so far. */
export type Tab = {
  readonly page: Page;
  readonly complaints: string[];
  /** Requests that are under way, and those that ever were. */
  readonly requests: { underWay: number; begun: number };
  close(): Promise<void>;
};

/** Starts the Chromium that the script before the tests has found. */
export async function openBrowser(): Promise<Browser> {
  const { executablePath, env } = JSON.parse(
    readFileSync('node_modules/.cache/chromium/launch.json', 'utf8'),
  ) as { executablePath: string; env: Record<string, string> };
  return chromium.launch({
    executablePath,
    env: { ...process.env, ...env },
    // It may not look for anything outside of this machine; and its sandbox does not start for root.
    args: [
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
      '--no-first-run',
      ...(userInfo().uid === 0 ? ['--no-sandbox'] : []),
    ],
  });
}

export async function openTab(
  browser: Browser,
  baseURL: string,
  options: BrowserContextOptions = {},
): Promise<Tab> {
  const context = await browser.newContext({
    baseURL,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    viewport: { width: 1_400, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  const requests = { underWay: 0, begun: 0 };
  page.on('request', () => {
    requests.underWay += 1;
    requests.begun += 1;
  });
  const end = () => {
    requests.underWay -= 1;
  };
  page.on('requestfinished', end);
  page.on('requestfailed', end);
  return { page, complaints, requests, close: () => context.close() };
}

/** Goes there and waits until everything that the page asked for has come. */
export async function visit(tab: Tab, address: string): Promise<void> {
  await tab.page.goto(address);
  await settle(tab);
}

/** Two frames and a turn: answers are drawn, and what is asked because of them is on its way. */
const drawn = `new Promise((resolve) => {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve)));
})`;

/** Waits until everything that the page asked for has come and is drawn. */
export async function settle({ page, requests }: Tab): Promise<void> {
  await expect
    .poll(
      async () => {
        const { begun } = requests;
        await page.evaluate(drawn);
        const waiting = await page.locator('.bone').count();
        return waiting + requests.underWay + requests.begun - begun;
      },
      { interval: 10 },
    )
    .toBe(0);
}

/** What axe finds that keeps people out; `colours`: only in what differs between light and dark. */
export async function findBarriers(
  { page }: Tab,
  rules: 'all' | 'colours' = 'all',
): Promise<readonly string[]> {
  // Not as a script in the page: its policy allows none.
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.evaluate(axe.source);
  const runOnly = rules === 'all' ? '' : `, runOnly: { type: 'rule', values: ['color-contrast'] }`;
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(document, { resultTypes: ['violations']${runOnly} })`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`),
    );
}
