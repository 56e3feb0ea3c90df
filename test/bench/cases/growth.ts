import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { Options } from '../options.ts';
import { interleave, type Result } from '../result.ts';
import { script, startServer } from '../run-measured.ts';
import { sync } from '../sync.ts';
import type { World } from '../world.ts';

/** How costs grow: with the list, with what is stored, with the sources, with the requests at once. */
export async function* measureGrowth(world: World, options: Options): AsyncGenerator<readonly Result[]> {
  yield* overLists(world, options);
  yield await overHistories(world, options);
  yield await overSources(world, options);
  yield await overRequests(world, options);
}

const environment = (url: string, em: string) => ({
  DATABASE_URL: url,
  EM_URL: em,
  EM_USERNAME: 'reader',
  EM_PASSWORD: 'secret',
  SYNC_TASKS: 'none',
  SYNC_FULL_EVERY_MINUTES: '0',
});
const count = (sessions: number) => Math.round(sessions).toLocaleString('en-US');

/** The first sync of a list, and a poll of the same. */
async function* overLists(world: World, options: Options): AsyncGenerator<readonly Result[]> {
  for (const size of options.sizes) {
    const em = await startServer(script('em/serve'), [String(size), 'em', '0']);
    try {
      let url = '';
      yield await interleave({ case: 'growing list', size }, options.runs, [
        {
          name: 'first sync',
          run: async () => {
            url = await world.cloneDatabase();
            return sync(environment(url, em.url));
          },
        },
        { name: 'poll without news', run: () => sync(environment(url, em.url)) },
      ]);
    } finally {
      await em.stop();
    }
  }
}

/** A poll of the same list over histories of different sizes: it should not matter. */
async function overHistories(world: World, options: Options): Promise<readonly Result[]> {
  const size = Math.min(...options.sizes);
  const em = await startServer(script('em/serve'), [String(size), 'em', '0']);
  const given = process.env['BENCH_HISTORY_URL'];
  try {
    const histories: { readonly name: string; readonly url: string }[] = [];
    for (const stored of [0, options.history / 10, options.history]) {
      const url = stored === 0 ? await world.cloneDatabase() : await world.filledDatabase(stored);
      histories.push({ name: `${count(stored)} sessions stored besides`, url });
    }
    if (given !== undefined) histories.push({ name: 'BENCH_HISTORY_URL', url: given });
    for (const { url } of histories) await sync(environment(url, em.url));
    return await interleave(
      { case: 'poll over a growing history', size },
      options.runs,
      histories.map(({ name, url }) => ({ name, run: () => sync(environment(url, em.url)) })),
    );
  } finally {
    await em.stop();
  }
}

/** Sources with a short list each, polled by one process. */
async function overSources(world: World, options: Options): Promise<readonly Result[]> {
  const size = 1_000;
  const em = await startServer(script('em/serve'), [String(size), 'em', '0']);
  const folder = mkdtempSync(path.join(tmpdir(), 'session-history-bench-'));
  try {
    const variants = [];
    for (const sources of [1, 10, 50, 200]) {
      const file = path.join(folder, `${sources}.json`);
      const list = Array.from({ length: sources }, (_, index) => ({
        name: `em ${index}`,
        url: em.url,
        username: 'reader',
        password: 'secret',
      }));
      writeFileSync(file, JSON.stringify(list));
      const settings = {
        DATABASE_URL: await world.cloneDatabase(),
        SOURCES_FILE: file,
        SYNC_TASKS: 'none',
      };
      await sync(settings);
      variants.push({ name: `${sources} sources`, run: () => sync(settings) });
    }
    return await interleave({ case: 'poll without news of several sources', size }, options.runs, variants);
  } finally {
    rmSync(folder, { recursive: true });
    await em.stop();
  }
}

/** A first sync in the form that asks for each session by id. */
async function overRequests(world: World, options: Options): Promise<readonly Result[]> {
  const size = Math.min(...options.sizes);
  const latencyMs = options.latencyMs === 0 ? 10 : options.latencyMs;
  const em = await startServer(script('em/serve'), [String(size), 'em', String(latencyMs)]);
  try {
    return await interleave(
      { case: `by id, ${latencyMs} ms a request`, size },
      options.runs,
      [1, 2, 4, 8, 16].map((concurrency) => ({
        name: `${concurrency} at once`,
        run: async () =>
          sync({
            ...environment(await world.cloneDatabase(), em.url),
            SYNC_LIST: 'reference',
            EM_CONCURRENCY: String(concurrency),
          }),
      })),
    );
  } finally {
    await em.stop();
  }
}
