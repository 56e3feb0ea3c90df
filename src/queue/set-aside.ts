import { SyncError } from '../domain/sync-error.ts';
import type { SyncJob } from './jobs.ts';
import type { Processor } from './open-queues.ts';

/** Work on a job that ends early when the signal says so, keeping what it has done. */
export type EndableProcessor = (job: SyncJob, end?: AbortSignal) => Promise<void>;

export type AsideOptions = {
  /** Milliseconds a job keeps its place. */
  readonly afterMs: number;
  /** Jobs under way without a place. */
  readonly most: number;
  /** Puts a job into the queue that came while one of its kind and source was set aside. */
  readonly repeat: (job: SyncJob) => Promise<void>;
  readonly onTrouble: (error: Error) => void;
};

export type Aside = {
  readonly process: Processor;
  /** Starts nothing more; resolves when all that was set aside has ended. */
  settle(): Promise<void>;
};

/**
 * Gives the place of a job that takes long to the next one; the job itself goes on, or ends when enough others do so already.
 * Sources that send just enough not to be given up would otherwise hold all places for hours. Their next jobs begin without a place,
 * one after the other as room is, until one of them is quick again. So n such sources hold up the others once, for n / places times
 * `afterMs` at most. For the queue such jobs are done: others of their kind and source are dropped, except what a person asked for,
 * which comes again afterwards.
 */
export function setAside(
  process: EndableProcessor,
  { afterMs, most, repeat, onTrouble }: AsideOptions,
): Aside {
  const aside = new Map<string, Promise<void>>();
  const asked = new Map<string, SyncJob>();
  /** Whose last job took long. */
  const slow = new Set<string>();
  /** Jobs of those, the longest waiting first. */
  const waiting = new Map<string, SyncJob>();
  let isClosing = false;

  async function finish(key: string, running: Promise<void>): Promise<void> {
    try {
      await running;
    } catch (error) {
      onTrouble(error as Error);
    }
    aside.delete(key);
    const again = asked.get(key);
    asked.delete(key);
    startWaiting();
    if (again !== undefined) await repeat(again).catch(onTrouble);
  }

  function startWaiting(): void {
    for (const [key, job] of waiting) {
      if (isClosing || aside.size >= most) return;
      waiting.delete(key);
      aside.set(key, finish(key, workWithoutPlace(key, job)));
    }
  }

  async function workWithoutPlace(key: string, job: SyncJob): Promise<void> {
    const startedAt = performance.now();
    await process(job);
    if (performance.now() - startedAt < afterMs) slow.delete(key);
  }

  async function workInPlace(key: string, job: SyncJob): Promise<void> {
    const end = new AbortController();
    const running = process(job, end.signal);
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<'enough'>((resolve) => {
      timer = setTimeout(() => {
        resolve('enough');
      }, afterMs);
    });
    try {
      if ((await Promise.race([running, enough])) !== 'enough') return;
    } finally {
      clearTimeout(timer);
    }
    slow.add(key);
    if (aside.size < most) {
      aside.set(key, finish(key, running));
      return;
    }
    const message =
      'The run was ended: it took long while others did so already. What it read is stored; the next one waits for its turn.';
    end.abort(new SyncError('transient', message));
    await running;
  }

  return {
    process: async (job) => {
      const key = `${job.name} ${job.source}`;
      const isAsked = job.name === 'sync' && job.trigger === 'api';
      if (aside.has(key)) {
        if (isAsked) asked.set(key, job);
      } else if (slow.has(key)) {
        if (isAsked || !waiting.has(key)) waiting.set(key, job);
        startWaiting();
      } else {
        await workInPlace(key, job);
      }
    },
    settle: async () => {
      isClosing = true;
      const left = [...waiting.values()].filter((job) => job.name === 'sync' && job.trigger === 'api');
      waiting.clear();
      await Promise.all([...aside.values(), ...left.map((job) => repeat(job).catch(onTrouble))]);
    },
  };
}
