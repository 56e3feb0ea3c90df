import type { Options } from '../options.ts';
import { interleave, type Result } from '../result.ts';
import { runMeasured, script, startServer } from '../run-measured.ts';
import { sync } from '../sync.ts';
import type { World } from '../world.ts';

/** Writing alone beside COPY. */
export async function* measureWriting(world: World, options: Options): AsyncGenerator<readonly Result[]> {
  for (const size of options.sizes) {
    const write = async (name: string) => {
      const usage = await runMeasured(script(name), [await world.cloneDatabase(), String(size)]);
      return { ...usage, rows: size, figures: JSON.parse(usage.stdout) as Record<string, number> };
    };
    yield await interleave({ case: 'writing', size }, options.runs, [
      { name: 'batches of the sync', run: () => write('references/write-batches') },
      { name: 'COPY into the same tables, indexes and triggers', run: () => write('references/copy-rows') },
    ]);
  }
}

/** The reference form's requests beside the same ones sent bare. */
export async function* measureById(world: World, options: Options): AsyncGenerator<readonly Result[]> {
  for (const size of options.sizes) {
    const em = await startServer(script('em/serve'), [String(size), 'em', String(options.latencyMs)]);
    try {
      yield await interleave({ case: `by id, ${options.latencyMs} ms a request`, size }, options.runs, [
        {
          name: 'session-history sync, references',
          run: async () =>
            sync({
              DATABASE_URL: await world.cloneDatabase(),
              EM_URL: em.url,
              EM_USERNAME: 'reader',
              EM_PASSWORD: 'secret',
              SYNC_LIST: 'reference',
              SYNC_TASKS: 'none',
            }),
        },
        {
          name: 'the same requests, bare',
          run: () => runMeasured(script('references/by-id'), [em.url, '4']),
        },
      ]);
    } finally {
      await em.stop();
    }
  }
}
