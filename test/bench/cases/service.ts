import { setTimeout as wait } from 'node:timers/promises';
import type { Options } from '../options.ts';
import { interleave, type Result } from '../result.ts';
import { program, script, startServer, usageOf } from '../run-measured.ts';
import { sync } from '../sync.ts';
import { ask, type World } from '../world.ts';

/** Polls a minute of the measured service: one every three seconds, the shortest interval there is. */
const intervalMinutes = '0.05';

/** Polls in the running service: whole lists beside polls of changes, and a service that only waits. */
export async function* measureService(world: World, options: Options): AsyncGenerator<readonly Result[]> {
  for (const size of options.sizes) {
    const em = await startServer(script('em/serve'), [String(size), 'em', String(options.latencyMs), 'gzip']);
    try {
      const variants = [
        { name: 'polls of changes', every: '1440', interval: intervalMinutes },
        { name: 'whole lists', every: '0', interval: intervalMinutes },
        { name: 'waiting', every: '1440', interval: '600' },
      ];
      const ready = [];
      for (const { name, every, interval } of variants) {
        const settings = {
          DATABASE_URL: await world.cloneDatabase(),
          EM_URL: em.url,
          EM_USERNAME: 'reader',
          EM_PASSWORD: 'secret',
          SYNC_TASKS: 'none',
          SYNC_FULL_EVERY_MINUTES: every,
          SYNC_INTERVAL_MINUTES: interval,
        };
        await sync(settings);
        ready.push({ name, run: () => watch(settings, options.seconds, name === 'waiting') });
      }
      yield await interleave({ case: 'polls in the running service', size }, options.runs, ready);
    } finally {
      await em.stop();
    }
  }
}

type Polls = {
  readonly polls: number;
  readonly requests: number;
  readonly bytes: string;
  readonly seconds: number;
};

/** What a poll takes of the service, after some to warm up; `waiting`: what the service takes in three seconds without any. */
async function watch(settings: Readonly<Record<string, string>>, seconds: number, isWaiting: boolean) {
  const url = settings['DATABASE_URL'] ?? '';
  const count = async () =>
    (
      await ask<Polls>(
        url,
        `select count(*)::integer as polls, coalesce(sum(requests), 0)::integer as requests,
           coalesce(sum(bytes_received), 0) as bytes,
           coalesce(sum(extract(epoch from finished_at - started_at)), 0)::double precision as seconds
         from sync_runs where status = 'succeeded' and trigger = 'schedule'`,
      )
    )[0] ?? { polls: 0, requests: 0, bytes: '0', seconds: 0 };
  const service = await startServer(
    program,
    ['worker'],
    { ...settings, WORKER_PORT: '0', LOG_LEVEL: 'info' },
    /(ready): /,
  );
  try {
    const begun = await count();
    const warm = await until(count, begun.polls + (isWaiting ? 0 : 5));
    const before = usageOf(service.pid);
    const start = performance.now();
    if (isWaiting) await wait(seconds * 1_000);
    const after = isWaiting ? warm : await until(count, warm.polls + Math.max(3, Math.ceil(seconds / 3)));
    const polls = isWaiting ? (performance.now() - start) / 3_000 : after.polls - warm.polls;
    const { cpuMs, peakMb } = usageOf(service.pid);
    return {
      wallMs: ((after.seconds - warm.seconds) / polls) * 1_000,
      cpuMs: (cpuMs - before.cpuMs) / polls,
      peakMb,
      figures: {
        requests: (after.requests - warm.requests) / polls,
        receivedKb: (Number(after.bytes) - Number(warm.bytes)) / polls / 1_024,
      },
    };
  } finally {
    await service.stop();
  }
}

async function until(count: () => Promise<Polls>, polls: number): Promise<Polls> {
  for (;;) {
    const now = await count();
    if (now.polls >= polls) return now;
    await wait(100);
  }
}
