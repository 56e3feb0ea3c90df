import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createPostgresBackend,
  createRedisBackend,
  runMigrations,
  withBackend,
  type IQueueBackend,
  type Job,
  type PgPool,
} from 'bullmq';
import { BullMQOtel } from 'bullmq-otel';
import type { Redis } from 'ioredis';
import { jobSchema, queueOf, type QueueName, type SyncJob } from './jobs.ts';
import { pace } from './paced-backend.ts';
import type { Scheduled } from './plan-schedule.ts';

/** A pool of node-postgres, as BullMQ describes it. */
export type QueuePool = PgPool;

/** Where the queue lives. PostgreSQL: a pool whose search path is `bullmq`. Redis: a connection and a name apart from others'. */
export type QueuePlace =
  | { readonly kind: 'postgres'; readonly pool: QueuePool }
  | { readonly kind: 'redis'; readonly redis: Redis; readonly prefix: string };

export type QueueOptions = {
  /** Hand spans to the OpenTelemetry SDK that the process was started with. */
  readonly isTraced: boolean;
  /** Hears of every failure that the queue survives; during an outage the same one again and again. */
  readonly onTrouble: (error: Error) => void;
};

export type Processor = (job: SyncJob) => Promise<void>;

export type Queues = {
  /**
   * Adds a job unless one with the same `once` waits already. While one runs, it is dropped as well, or with `again` run after
   * that one: what runs may be past the point where it would still see what it is asked for.
   */
  add(job: SyncJob, once: string, whileRunning?: 'drop' | 'again'): Promise<void>;
  readSchedule(): Promise<readonly Scheduled[]>;
  schedule(id: string, everyMs: number, source: string): Promise<void>;
  unschedule(id: string): Promise<void>;
  /** Forgets that a job of this `once` waits or runs. */
  forget(queue: QueueName, once: string): Promise<void>;
  /** Works on a queue until closed; throws when it cannot be reached to begin with. `close` resolves when the jobs under way have ended. */
  work(queue: QueueName, concurrency: number, process: Processor): Promise<{ close(): Promise<void> }>;
  /** Drops old events, which nobody here reads. Throws nothing. */
  trim(): Promise<void>;
  count(): Promise<Readonly<Record<QueueName, Readonly<Record<string, number>>>>>;
  close(): Promise<void>;
};

/** Opens the queues, making their tables first where they live in PostgreSQL. Throws the driver's error when that fails. */
export async function openQueues(place: QueuePlace, options: QueueOptions): Promise<Queues> {
  const closing = new AbortController();
  if (place.kind === 'redis') {
    const classes = withBackend(pace(createRedisBackend, closing.signal));
    const connect = { connection: place.redis, prefix: place.prefix };
    await firstAnswer(place.redis);
    return assemble(classes, connect, options, closing, () => Promise.resolve());
  }
  const client = await place.pool.connect();
  try {
    await runMigrations(client);
  } finally {
    client.release();
  }
  const classes = withBackend(pace(createPostgresBackend, closing.signal));
  const connect = { connection: place.pool, prefix: 'session-history' };
  return assemble(classes, connect, options, closing, async () => {
    // BullMQ drops those of a queue with each 256th event of all queues, if that one happens to be of this queue.
    await place.pool.query(
      `delete from event as old
       using (select queue, max(id) as id from event group by queue) as newest
       where old.queue = newest.queue and old.id <= newest.id - $1::bigint`,
      [keptEvents],
    );
  });
}

type Connect<Connection> = { readonly connection: Connection; readonly prefix: string };

/** Milliseconds. A worker that died is noticed after two of these at most. */
const lockMs = 15_000;
/** On top of the pauses of `pace`. BullMQ's own 15 s would outlast both the outage and the patience of whoever stops the process. */
const retryMs = 1_000;
const keptEvents = 1_000;
const keptFailures = { count: 100, age: 86_400 };

async function assemble<Backend extends IQueueBackend, Connection>(
  classes: ReturnType<typeof withBackend<Backend, Connection>>,
  connect: Connect<Connection>,
  { isTraced, onTrouble }: QueueOptions,
  closing: AbortController,
  trim: () => Promise<void>,
): Promise<Queues> {
  const shared = {
    ...connect,
    ...(isTraced && { telemetry: new BullMQOtel({ tracerName: 'session-history' }) }),
  };
  const open = async (name: QueueName) => {
    const queue = new classes.Queue<object, void>(queueName(name), {
      ...shared,
      streams: { events: { maxLen: 100 } },
      defaultJobOptions: { removeOnComplete: true, removeOnFail: keptFailures },
    });
    queue.on('error', onTrouble);
    return whenReady(queue);
  };
  const queues = { sync: await open('sync'), upkeep: await open('upkeep') };

  return {
    add: async ({ name, ...data }, once, whileRunning = 'drop') => {
      const deduplication = { id: once, ...(whileRunning === 'again' && { keepLastIfActive: true }) };
      await queues[queueOf[name]].add(name, data, { deduplication });
    },
    readSchedule: async () => {
      const schedulers = await queues.sync.getJobSchedulers(0, -1);
      return schedulers.map(({ key, every, next }) => ({
        id: key,
        everyMs: every ?? 0,
        nextAt: next ?? 0,
      }));
    },
    schedule: async (id, everyMs, source) => {
      await queues.sync.upsertJobScheduler(id, { every: everyMs }, { name: 'tick', data: { source } });
    },
    unschedule: async (id) => {
      await queues.sync.removeJobScheduler(id);
    },
    forget: async (queue, once) => {
      await queues[queue].removeDeduplicationKey(once);
    },
    work: async (name, concurrency, process) => {
      const worker = new classes.Worker<object, void>(queueName(name), (job) => processJob(job, process), {
        ...shared,
        concurrency,
        lockDuration: lockMs,
        stalledInterval: lockMs / 2,
        runRetryDelay: retryMs,
        // Every job may be done twice, so one whose worker died is given to the next as often as it takes.
        maxStalledCount: 1_000_000,
        removeOnComplete: { count: 0 },
        removeOnFail: keptFailures,
      });
      // Closing does not cut BullMQ's own pauses short, but waits for them.
      worker.delay = async (pauseMs) => {
        await sleep(pauseMs ?? retryMs, undefined, { signal: closing.signal }).catch(() => undefined);
      };
      worker.on('error', onTrouble);
      worker.on('failed', (_job, error) => {
        onTrouble(error);
      });
      await whenReady(worker);
      return {
        close: () => {
          closing.abort();
          return worker.close();
        },
      };
    },
    trim: () => trim().catch(onTrouble),
    count: async () => ({
      sync: await queues.sync.getJobCounts('waiting', 'active', 'delayed', 'failed'),
      upkeep: await queues.upkeep.getJobCounts('waiting', 'active', 'delayed', 'failed'),
    }),
    close: async () => {
      await Promise.all([queues.sync.close(), queues.upkeep.close()]);
    },
  };
}

/** Throws the first thing that goes wrong; left to itself, the connection would try for ever. */
async function firstAnswer(redis: Redis): Promise<void> {
  const answered = new AbortController();
  const trouble = once(redis, 'error', { signal: answered.signal }).then(([error]) => {
    throw error;
  });
  try {
    await Promise.race([redis.ping(), trouble]);
  } finally {
    answered.abort();
  }
}

/** What could not get ready once never does: BullMQ remembers the failure and gives it as the answer to everything. */
async function whenReady<T extends { waitUntilReady(): Promise<unknown>; close(): Promise<unknown> }>(
  one: T,
): Promise<T> {
  try {
    await one.waitUntilReady();
    return one;
  } catch (error) {
    // Not waited for: it closes when its server answers, if ever.
    one.close().catch(() => undefined);
    throw error;
  }
}

const queueName = (name: QueueName): string => `session-history-${name}`;

async function processJob(job: Pick<Job, 'name' | 'data'>, process: Processor): Promise<void> {
  const parsed = jobSchema.safeParse({ ...(job.data as object), name: job.name });
  if (!parsed.success)
    throw new Error(`The queue holds a job "${job.name}" that this version does not know.`);
  await process(parsed.data);
}
