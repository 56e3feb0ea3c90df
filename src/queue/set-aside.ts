import type { SyncJob } from './jobs.ts';
import type { Processor } from './open-queues.ts';

export type AsideOptions = {
  /** Milliseconds a job keeps its place. */
  readonly afterMs: number;
  /** Jobs set aside at once; further ones keep their places. */
  readonly most: number;
  /** Puts a job into the queue that came while one of its kind and source was set aside. */
  readonly repeat: (job: SyncJob) => Promise<void>;
  readonly onTrouble: (error: Error) => void;
};

export type Aside = {
  readonly process: Processor;
  /** Resolves when all that was set aside has ended. */
  settle(): Promise<void>;
};

/**
 * Gives the place of a job that takes long to the next one; the job itself goes on. Sources that send just enough not to be given up
 * would otherwise hold all places for hours. For the queue such a job is done: others of its kind and source, which could only
 * find the source held, are dropped, except what a person asked for, which comes again afterwards.
 */
export function setAside(process: Processor, { afterMs, most, repeat, onTrouble }: AsideOptions): Aside {
  const aside = new Map<string, Promise<void>>();
  const asked = new Map<string, SyncJob>();

  async function finish(key: string, running: Promise<void>): Promise<void> {
    try {
      await running;
    } catch (error) {
      onTrouble(error as Error);
    }
    aside.delete(key);
    const again = asked.get(key);
    asked.delete(key);
    if (again !== undefined) await repeat(again).catch(onTrouble);
  }

  return {
    process: async (job) => {
      const key = `${job.name} ${job.source}`;
      if (aside.has(key)) {
        if (job.name === 'sync' && job.trigger === 'api') asked.set(key, job);
        return;
      }
      const running = process(job);
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise<'enough'>((resolve) => {
        timer = setTimeout(() => {
          resolve('enough');
        }, afterMs);
      });
      try {
        const first = await Promise.race([running, enough]);
        if (first !== 'enough') return;
        if (aside.size >= most) await running;
        else aside.set(key, finish(key, running));
      } finally {
        clearTimeout(timer);
      }
    },
    settle: async () => {
      await Promise.all(aside.values());
    },
  };
}
