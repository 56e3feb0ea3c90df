import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { SourceConfig } from '../../../src/config/config.ts';
import { openQueuePool } from '../../../src/db/open-history.ts';
import type { SyncReport } from '../../../src/domain/sync-run.ts';
import { openQueues, type QueuePool } from '../../../src/queue/open-queues.ts';
import type { WorkPorts } from '../../../src/queue/process-job.ts';
import { runWorker } from '../../../src/queue/run-worker.ts';
import { createTestDatabase } from '../../support/test-database.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const source = (name: string): SourceConfig => ({
  name,
  url: 'http://127.0.0.1',
  username: 'u',
  password: 'p',
  tls: {},
  allowHttp: true,
  list: 'auto',
  tasks: 'none',
  concurrency: 1,
  batch: 'off',
  fullEvery: 'auto',
});

it('reads the next source while one that trickles goes on without a place', async () => {
  const trickles: http.ServerResponse[] = [];
  const server = http.createServer((request, response) => {
    response.write('some of it');
    if (request.url === '/trickles') trickles.push(response);
    else response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;

  const database = await createTestDatabase();
  cleanUps.push(() => database.drop());
  const pool = openQueuePool(database.url, () => undefined);
  cleanUps.push(() => pool.end());
  const trouble: Error[] = [];
  const onTrouble = (error: Error) => {
    trouble.push(error);
  };
  const place = { kind: 'postgres', pool: pool as unknown as QueuePool } as const;
  const queues = await openQueues(place, { isTraced: false, onTrouble });
  cleanUps.push(() => queues.close());

  const read: string[] = [];
  const never = () => Promise.reject(new Error('not asked for'));
  const ports: WorkPorts = {
    readProgress: () => Promise.resolve(undefined),
    noteRefusedCredentials: never,
    drainTasks: never,
    continueBackfill: never,
    onRun: ({ source: name }, trigger) => read.push(`${name} ${trigger}`),
    syncSource: async ({ name }) => {
      await (await fetch(`http://127.0.0.1:${port}/${name}`)).text();
      return reportOf(name);
    },
  };
  const worker = await runWorker({
    sources: [source('trickles'), source('honest')],
    concurrency: 1,
    patienceMs: 50,
    queues,
    ports,
    readAllProgress: () => Promise.resolve([]),
    onLate: () => undefined,
    onTrouble,
  });
  await queues.add({ name: 'sync', source: 'trickles', trigger: 'schedule' }, 'trickles', 'again');
  await expect.poll(() => trickles.length).toBe(1);
  await queues.add({ name: 'sync', source: 'honest', trigger: 'schedule' }, 'honest', 'again');
  await expect.poll(() => read).toEqual(['honest schedule']);

  // Asked for meanwhile: by the schedule in vain, by a person for afterwards.
  for (const trigger of ['schedule', 'api'] as const) {
    await queues.add({ name: 'sync', source: 'trickles', trigger }, 'trickles', 'again');
    await expect.poll(async () => (await queues.count()).sync).toMatchObject({ waiting: 0, active: 0 });
  }
  expect(trickles).toHaveLength(1);
  trickles[0]?.end();
  await expect.poll(() => trickles.length).toBe(2);
  expect(read).toEqual(['honest schedule', 'trickles schedule']);

  // What goes on without a place is waited for.
  let isClosed = false;
  const closed = worker.close().then(() => (isClosed = true));
  await queues.count();
  expect(isClosed).toBe(false);
  trickles[1]?.end();
  await closed;
  expect(read).toEqual(['honest schedule', 'trickles schedule', 'trickles api']);
  expect(trouble).toEqual([]);
}, 30_000);

const reportOf = (name: string): SyncReport => ({
  source: name,
  runId: null,
  status: 'succeeded',
  form: 'entity',
  listed: 0,
  new: 0,
  changed: 0,
  unchanged: 0,
  missing: 0,
  unreadable: 0,
  unfetched: 0,
  holes: 0,
  requests: 1,
  bytesReceived: 0,
  durationMs: 0,
  error: null,
});
