import { expect, vi } from 'vitest';
import { startService, type RunningService } from './start-service.ts';

export type RunningApi = {
  readonly url: string;
  readonly service: RunningService;
  /** GET, or what `init` says, of an address that begins with a slash. */
  ask(address: string, init?: RequestInit): Promise<Response>;
};

/** Starts `api` (or `serve`) on a free port and waits until it answers. */
export async function startApi(
  environment: Readonly<Record<string, string>>,
  command: 'api' | 'serve' = 'api',
): Promise<RunningApi> {
  const service = startService(command, environment);
  await vi.waitUntil(() => service.lines.some(({ msg }) => msg.startsWith('ready')), { timeout: 30_000 });
  const url = service.url() ?? '';
  return { url, service, ask: (address, init) => fetch(`${url}${address}`, init) };
}

export type Page = {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly page: { readonly nextCursor: string | null; readonly limit: number; readonly count?: number };
};

/** All rows of a list, page by page. */
export async function walk(api: RunningApi, address: string, limit: number): Promise<Page['data']> {
  const rows: Readonly<Record<string, unknown>>[] = [];
  let cursor: string | null = null;
  do {
    const separator = address.includes('?') ? '&' : '?';
    const next: string = cursor === null ? '' : `&cursor=${cursor}`;
    const answer = await api.ask(`${address}${separator}limit=${limit}${next}`);
    const body = (await answer.json()) as Page;
    if (answer.status !== 200)
      throw new Error(`${address} ${JSON.stringify(body)} ${JSON.stringify(api.service.lines.at(-1))}`);
    expect(body.data.length).toBeLessThanOrEqual(limit);
    rows.push(...body.data);
    cursor = body.page.nextCursor;
  } while (cursor !== null);
  return rows;
}
