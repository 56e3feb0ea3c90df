import { expect, it } from 'vitest';
import { SyncError } from '../../../src/domain/sync-error.ts';
import { runService, type ServiceParts } from '../../../src/service/run-service.ts';

type Part = { close(): Promise<void> };

function recorded(stop: AbortController, overrides: Partial<ServiceParts<Part, Part>> = {}) {
  const events: string[] = [];
  const part = (name: string) => () => {
    events.push(`open ${name}`);
    return Promise.resolve({
      close: () => {
        events.push(`close ${name}`);
        return Promise.resolve();
      },
    });
  };
  const parts: ServiceParts<Part, Part> = {
    mayListen: undefined,
    startHttp: part('http'),
    openHistory: part('database'),
    openQueues: part('queue'),
    startWorker: part('worker'),
    onFailure: (name, error) => events.push(`${name}: ${error.message}`),
    onReady: () => {
      events.push('ready');
      stop.abort();
    },
    onCloseFailure: (name) => events.push(`${name} did not close`),
    onOvertime: () => events.push('overtime'),
    ...overrides,
  };
  return { events, parts };
}

it('starts HTTP first and stops in the written order', async () => {
  const stop = new AbortController();
  const { events, parts } = recorded(stop);
  await runService(parts, stop.signal);
  expect(events).toEqual([
    'open http',
    'open database',
    'open queue',
    'open worker',
    'ready',
    'close worker',
    'close http',
    'close queue',
    'close database',
  ]);
});

it('lets HTTP wait for leave to listen', async () => {
  const stop = new AbortController();
  const { events, parts } = recorded(stop, { mayListen: () => Promise.resolve() });
  await runService(parts, stop.signal);
  expect(events.slice(0, 2)).toEqual(['open database', 'open http']);
});

it('waits for what is down, and closes what was open when it is stopped meanwhile', async () => {
  const stop = new AbortController();
  let tries = 0;
  const { events, parts } = recorded(stop, {
    openQueues: () => {
      tries += 1;
      if (tries === 2) stop.abort();
      return Promise.reject(new SyncError('transient', 'no queue'));
    },
  });
  await runService(parts, stop.signal);
  expect(events).toEqual([
    'open http',
    'open database',
    'queue: no queue',
    'queue: no queue',
    'close http',
    'close database',
  ]);
});

it('gives up on what will not pass, closing the rest all the same', async () => {
  const stop = new AbortController();
  const { events, parts } = recorded(stop, {
    startWorker: () => Promise.reject(new SyncError('permanent', 'wrong')),
    startHttp: () => Promise.resolve({ close: () => Promise.reject(new Error('stuck')) }),
  });
  await expect(runService(parts, stop.signal)).rejects.toThrow('wrong');
  expect(events).toEqual([
    'open database',
    'open queue',
    'http did not close',
    'close queue',
    'close database',
  ]);
});

const never = () => new Promise<never>(() => undefined);
const soon = { worker: 20, http: 20, queue: 20, database: 20, all: 100 };

it('leaves a part that does not end, and closes those after it', async () => {
  const stop = new AbortController();
  const { events, parts } = recorded(stop, {
    startWorker: () => Promise.resolve({ close: never }),
  });
  await runService(parts, stop.signal, soon);
  expect(events.slice(-4)).toEqual(['worker did not close', 'close http', 'close queue', 'close database']);
});

it('does not wait for a part that does not even open', async () => {
  const stop = new AbortController();
  const { events, parts } = recorded(stop, {
    openHistory: () => {
      stop.abort();
      return never();
    },
  });
  await runService(parts, stop.signal, soon);
  expect(events.at(-1)).toBe('overtime');
});

it('waits for leave to listen as patiently as for all else', async () => {
  const stop = new AbortController();
  let tries = 0;
  const { events, parts } = recorded(stop, {
    mayListen: () => {
      tries += 1;
      return tries === 1 ? Promise.reject(new SyncError('transient', 'no answer')) : Promise.resolve();
    },
  });
  await runService(parts, stop.signal);
  expect(events.slice(0, 3)).toEqual(['open database', 'http: no answer', 'open http']);
});
