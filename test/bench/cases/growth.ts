import type { Options } from '../options.ts';
import type { Result } from '../result.ts';
import { median, program, runMeasured, script, startServer } from '../run-measured.ts';
import type { World } from '../world.ts';

/** A poll of the same list over histories of different sizes: it should not matter. */
export async function* measureGrowth(world: World, options: Options): AsyncGenerator<readonly Result[]> {
  const [size = 10_000] = options.sizes;
  const em = await startServer(script('em/serve'), [String(size), 'em', '0']);
  try {
    const results: Result[] = [];
    for (const stored of [0, options.history / 10, options.history]) {
      const url = stored === 0 ? await world.cloneDatabase() : await world.filledDatabase(stored);
      const settings = {
        DATABASE_URL: url,
        EM_URL: em.url,
        EM_USERNAME: 'a',
        EM_PASSWORD: 'b',
        SYNC_TASKS: 'none',
      };
      await runMeasured(program, ['sync', '--json'], settings);
      const usages = [];
      for (let run = 0; run < options.runs; run += 1)
        usages.push(await runMeasured(program, ['sync', '--json'], settings));
      results.push({
        case: 'poll over a growing history',
        size,
        variant: `${Math.round(stored).toLocaleString('en-US')} sessions stored besides`,
        figures: {
          wallMs: median(usages.map((usage) => usage.wallMs)),
          cpuMs: median(usages.map((usage) => usage.cpuMs)),
          peakMb: median(usages.map((usage) => usage.peakMb)),
        },
      });
    }
    yield results;
  } finally {
    await em.stop();
  }
}
