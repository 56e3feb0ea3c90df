import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import axe, { type AxeResults } from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { expect } from 'vitest';

/** A page of a browser window of its own, and what went wrong in it so far. */
export type Tab = { readonly page: Page; readonly complaints: string[]; close(): Promise<void> };

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
  return { page, complaints, close: () => context.close() };
}

/** Goes there and waits until everything that the page asked for has come. */
export async function visit({ page }: Tab, address: string): Promise<void> {
  await page.goto(address);
  await page.waitForLoadState('networkidle');
  await expect.poll(() => page.locator('.bone').count()).toBe(0);
}

/** What axe finds that keeps people out. */
export async function findBarriers({ page }: Tab): Promise<readonly string[]> {
  // Not as a script in the page: its policy allows none.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(document, { resultTypes: ['violations'] })`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`),
    );
}
