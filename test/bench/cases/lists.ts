import { notedElsewhere } from '../noted.ts';
import { startServer, script, runMeasured } from '../run-measured.ts';
import { sync } from '../sync.ts';
import { interleave, type Result } from '../result.ts';
import type { Options } from '../options.ts';
import type { World } from '../world.ts';

const forms = ['entity', 'reference'] as const;

/** Syncs as users start them, beside an afternoon's script; at every size and in both forms of the list. */
export async function* measureLists(
  world: World,
  options: Options,
  which: 'poll' | 'first-sync',
): AsyncGenerator<readonly Result[]> {
  for (const size of options.sizes) {
    const em = await startServer(script('em/serve'), [String(size), 'em', String(options.latencyMs)]);
    try {
      for (const form of forms)
        yield which === 'poll'
          ? upTo(await poll(world, options, em.url, size, form))
          : upTo(await firstSync(world, options, em.url, size, form));
    } finally {
      await em.stop();
    }
  }
}

const settings = (url: string, em: string, form: string) => ({
  DATABASE_URL: url,
  EM_URL: em,
  EM_USERNAME: 'reader',
  EM_PASSWORD: 'secret',
  SYNC_LIST: form,
  SYNC_TASKS: 'none',
  // Of the polls of changes speaks the case `service`.
  SYNC_FULL_EVERY_MINUTES: '0',
});
const afternoon = script('references/afternoon-script');
const runAfternoon = async (args: readonly string[]) => {
  const usage = await runMeasured(afternoon, args);
  return { ...usage, rows: (JSON.parse(usage.stdout) as { listed: number }).listed };
};
const upTo = (results: readonly Result[]) => [...results, ...notedElsewhere(results)];

async function poll(
  world: World,
  options: Options,
  em: string,
  size: number,
  form: string,
): Promise<readonly Result[]> {
  const [ours, theirs] = [await world.cloneDatabase(), await world.cloneDatabase()];
  await sync(settings(ours, em, form));
  await runMeasured(afternoon, [em, theirs, form]);
  return interleave({ case: `poll without news, ${form} list`, size }, options.runs, [
    {
      name: 'session-history sync',
      run: () => sync(settings(ours, em, form)),
    },
    {
      name: 'whole document parsed, compared in memory',
      run: () => runMeasured(script('references/compare-document'), [em, form]),
    },
    { name: "an afternoon's script", run: () => runAfternoon([em, theirs, form]) },
    { name: 'bare download', run: () => runMeasured(script('references/download'), [em, form]) },
  ]);
}

/** Prisma's loop is measured on so many sessions at most, and taken as that much longer for more. */
const mostUpserts = 5_000;

async function firstSync(
  world: World,
  options: Options,
  em: string,
  size: number,
  form: string,
): Promise<readonly Result[]> {
  const upserts = async () => {
    const share = Math.min(1, mostUpserts / size);
    const { wallMs, cpuMs, peakMb } = await runMeasured(script('references/prisma-upserts'), [
      em,
      await world.cloneDatabase(),
      String(Math.ceil(size * share)),
    ]);
    return { wallMs: wallMs / share, cpuMs: cpuMs / share, peakMb };
  };
  return interleave({ case: `first sync, ${form} list`, size }, options.runs, [
    {
      name: 'session-history sync',
      run: async () => sync(settings(await world.cloneDatabase(), em, form)),
    },
    {
      name: "an afternoon's script",
      run: async () => runAfternoon([em, await world.cloneDatabase(), form]),
    },
    ...(form === 'entity'
      ? [{ name: `Prisma upserts${size > mostUpserts ? `, from ${mostUpserts}` : ''}`, run: upserts }]
      : []),
  ]);
}
