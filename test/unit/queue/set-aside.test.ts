import { expect, it } from 'vitest';
import type { SyncJob } from '../../../src/queue/jobs.ts';
import { setAside, type EndableProcessor } from '../../../src/queue/set-aside.ts';

const jobOf = (source: string): SyncJob => ({ name: 'sync', source, trigger: 'schedule' });

/** A queue of so many places: takes up the next job when one is done. */
async function workThrough(jobs: SyncJob[], places: number, process: (job: SyncJob) => Promise<void>) {
  const work = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await process(job);
  };
  await Promise.all(Array.from({ length: places }, work));
}

/** Sources that trickle until they are released or ended, and quick ones. */
function startWorld() {
  const open = new Map<string, () => void>();
  const log: string[] = [];
  const process: EndableProcessor = async ({ source }, end) => {
    log.push(source);
    if (!source.startsWith('trickles')) return;
    await new Promise<void>((resolve) => {
      open.set(source, resolve);
      end?.addEventListener('abort', () => {
        log.push(`${source} ended`);
        resolve();
      });
    });
    open.delete(source);
  };
  const release = (source: string) => open.get(source)?.();
  return { log, open, process, release };
}

it.each([5, 40])('lets %i sources that trickle hold up the others once, and not again', async (count) => {
  const { log, open, process, release } = startWorld();
  const trouble: Error[] = [];
  const aside = setAside(process, {
    afterMs: 5,
    most: 2,
    repeat: () => Promise.resolve(),
    onTrouble: (error) => trouble.push(error),
  });
  const tricklers = Array.from({ length: count }, (_, index) => `trickles ${index}`);
  // Comes to its end although none of them ever does.
  await workThrough([...tricklers, 'honest'].map(jobOf), 2, aside.process);
  expect(log).toContain('honest');
  expect(open.size).toBe(2);
  expect(log.filter((line) => line.endsWith('ended'))).toHaveLength(count - 2);

  // The next time none of them takes a place, and they are read all the same, in turns.
  log.length = 0;
  for (const source of tricklers) await aside.process(jobOf(source));
  await aside.process(jobOf('honest'));
  expect(log).toEqual(['honest']);
  const begun = () => log.filter((line) => line.startsWith('trickles'));
  await expect
    .poll(() => {
      for (const source of open.keys()) release(source);
      return begun().length;
    })
    .toBe(count - 2);
  expect(new Set(begun()).size).toBe(count - 2);

  const settled = aside.settle();
  for (const source of open.keys()) release(source);
  await settled;
  expect(trouble).toEqual([]);
});

it('gives a source that has become quick a place again, and forgets nobody who asked', async () => {
  const { log, open, process, release } = startWorld();
  const repeated: SyncJob[] = [];
  const aside = setAside(process, {
    afterMs: 5,
    most: 1,
    repeat: (job) => Promise.resolve(void repeated.push(job)),
    onTrouble: () => undefined,
  });
  await workThrough(['trickles 1', 'trickles 2'].map(jobOf), 1, aside.process);
  expect(log).toEqual(['trickles 1', 'trickles 2', 'trickles 2 ended']);
  const asked: SyncJob = { name: 'sync', source: 'trickles 2', trigger: 'api' };
  await aside.process(jobOf('trickles 2'));
  await aside.process(asked);
  await aside.process(jobOf('trickles 2'));
  expect([...open.keys()]).toEqual(['trickles 1']);
  // What still waits when the process stops goes back to the queue.
  const settled = aside.settle();
  release('trickles 1');
  await settled;
  expect(repeated).toEqual([asked]);
  expect(open.size).toBe(0);
});
