import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { patiently } from './patiently.ts';

export type Closable = { close(): Promise<unknown> };

export type ServiceState<History, Queues> = {
  phase: 'starting' | 'running' | 'stopping';
  history: History | undefined;
  queues: Queues | undefined;
};

/** The parts of a long-running process, each made from those before it. */
export type ServiceParts<History extends Closable, Queues extends Closable> = {
  /** When given, HTTP waits for the database and for this; it throws when nothing may be listened for. */
  readonly mayListen: ((history: History) => Promise<void>) | undefined;
  /** Opened first, unless it has to wait, and closed late, so that probes are answered all the time. */
  readonly startHttp: ((state: Readonly<ServiceState<History, Queues>>) => Promise<Closable>) | undefined;
  readonly openHistory: () => Promise<History>;
  readonly openQueues: (history: History) => Promise<Queues>;
  readonly startWorker: ((history: History, queues: Queues) => Promise<Closable>) | undefined;
  /** Hears of each failure to start a part that is tried again. */
  readonly onFailure: (part: Part, error: Error) => void;
  readonly onReady: () => void;
  readonly onCloseFailure: (part: Part, error: unknown) => void;
  /** Hears when even opening did not end in time. */
  readonly onOvertime: () => void;
};

/** In the order they are closed in. */
const parts = ['worker', 'http', 'queue', 'database'] as const;
type Part = (typeof parts)[number];

/** Milliseconds that the end of each part is waited for. Supervisors kill after ten seconds: all of it has to fit in. */
export type StopTimes = Readonly<Record<Part | 'all', number>>;
const stopTimes: StopTimes = { worker: 6_500, http: 1_000, queue: 500, database: 500, all: 9_000 };

/**
 * Runs a service until the signal says stop. Whatever it needs may be down at the start and is waited for. Throws what will
 * not pass by waiting. On the way out, in this order: health says `stopping`; the worker takes no more jobs, and its runs,
 * which the same signal stops, log off; HTTP closes; then queue and database. What does not end
 * in its time is left as it is: a server that accepts and then says nothing keeps waiting whoever asks it, for minutes.
 */
export async function runService<History extends Closable, Queues extends Closable>(
  service: ServiceParts<History, Queues>,
  signal: AbortSignal,
  times = stopTimes,
): Promise<void> {
  const state: ServiceState<History, Queues> = { phase: 'starting', history: undefined, queues: undefined };
  // Listened for from the start: it may come while `onReady` runs.
  const stopping = once(signal, 'abort');
  const opened = new Map<Part, Closable>();

  /** undefined: the service was stopped while it waited. */
  async function open<T extends Closable>(part: Part, start: () => Promise<T>): Promise<T | undefined> {
    const onFailure = (error: Error) => {
      service.onFailure(part, error);
    };
    const closable = await patiently(start, { signal, onFailure });
    if (closable !== undefined) opened.set(part, closable);
    return closable;
  }

  async function run(): Promise<void> {
    const { startHttp, startWorker, mayListen } = service;
    if (startHttp !== undefined && mayListen === undefined) await open('http', () => startHttp(state));
    const history = await open('database', service.openHistory);
    if (history === undefined) return;
    state.history = history;
    if (startHttp !== undefined && mayListen !== undefined) {
      await open('http', async () => {
        await mayListen(history);
        return startHttp(state);
      });
    }
    const queues = await open('queue', () => service.openQueues(history));
    if (queues === undefined) return;
    state.queues = queues;
    if (startWorker !== undefined) await open('worker', () => startWorker(history, queues));
    if (signal.aborted) return;
    state.phase = 'running';
    service.onReady();
    await stopping;
  }

  async function close(): Promise<void> {
    state.phase = 'stopping';
    for (const part of parts) {
      try {
        await inTime(times[part], opened.get(part)?.close());
      } catch (error) {
        service.onCloseFailure(part, error);
      }
    }
  }

  const overtime = stopping.then(() => {
    state.phase = 'stopping';
    return sleep(times.all, 'overtime' as const, { ref: false });
  });
  if ((await Promise.race([run().finally(close), overtime])) === 'overtime') service.onOvertime();
}

async function inTime(ms: number, closing: Promise<unknown> | undefined): Promise<void> {
  if (closing === undefined) return;
  const enough = new AbortController();
  const overtime = sleep(ms, undefined, { signal: enough.signal }).then(() => {
    throw new Error(`it did not end within ${ms / 1_000} s; the next start makes good what was under way`);
  });
  try {
    await Promise.race([closing, overtime]);
  } finally {
    enough.abort();
  }
}
