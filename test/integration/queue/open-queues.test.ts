import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { connectRedis } from '../../../src/queue/connect-redis.ts';
import { openQueues, type QueuePool } from '../../../src/queue/open-queues.ts';
import { openQueuePool } from '../../../src/db/open-history.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { createTestDatabase } from '../../support/test-database.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
const quiet = { isTraced: false, onTrouble: () => undefined };

async function brokenPool() {
  const database = await createTestDatabase();
  cleanUps.push(() => database.drop());
  const address = new URL(database.url);
  const proxy = await startTcpProxy({ host: address.hostname, port: Number(address.port) });
  cleanUps.push(() => proxy.close());
  address.host = `127.0.0.1:${proxy.port}`;
  const pool = openQueuePool(address.href, () => undefined);
  cleanUps.push(() => pool.end());
  return { pool, proxy, database };
}

it('closes soon though a job could not be finished because its server was gone', async () => {
  const { pool, proxy } = await brokenPool();
  const queues = await openQueues({ kind: 'postgres', pool: pool as unknown as QueuePool }, quiet);
  const job = new EventTarget();
  const begun = once(job, 'begun');
  const worker = await queues.work('sync', 1, async () => {
    const ended = once(job, 'end');
    job.dispatchEvent(new Event('begun'));
    await ended;
  });
  await queues.add({ name: 'tick', source: 'em' }, 'em');
  await begun;
  await proxy.cut();
  job.dispatchEvent(new Event('end'));
  // The statement that tells the queue of the job's end goes before the second of these.
  for (let statement = 0; statement < 2; statement += 1)
    await expect(pool.query('select 1')).rejects.toThrow();
  await worker.close();
  await queues.close();
}, 10_000);

it('fails as a whole when its server goes away while it gets ready, and works at the next try', async () => {
  const { pool } = await brokenPool();
  const connect = pool.connect.bind(pool) as () => Promise<unknown>;
  let calls = 0;
  const failing = Object.assign(Object.create(pool) as QueuePool, {
    // The first is for the tables.
    connect: () => ((calls += 1) > 1 ? Promise.reject(new Error('cut')) : connect()),
  });
  await expect(openQueues({ kind: 'postgres', pool: failing }, quiet)).rejects.toThrow('cut');
  const queues = await openQueues({ kind: 'postgres', pool: pool as unknown as QueuePool }, quiet);
  expect(await queues.readSchedule()).toEqual([]);
  await queues.close();
});

it('says at once that no Redis is there', async () => {
  const redis = connectRedis({ url: 'redis://127.0.0.1:1', caPem: undefined }, () => undefined);
  cleanUps.push(async () => {
    redis.disconnect();
    await once(redis, 'end');
  });
  await expect(openQueues({ kind: 'redis', redis, prefix: 'test' }, quiet)).rejects.toThrow('ECONNREFUSED');
}, 10_000);

it('keeps few events of a quiet queue beside a busy one', async () => {
  const { pool, database } = await brokenPool();
  const queues = await openQueues({ kind: 'postgres', pool: pool as unknown as QueuePool }, quiet);
  await database.query(
    `insert into bullmq.event (queue, event, created_at_ms)
     select 'session-history-' || (case when n % 10 = 0 then 'upkeep' else 'sync' end), 'added', 0 from generate_series(1, 20000) as n`,
  );
  await queues.trim();
  const rows = await database.query<{ queue: string; events: number }>(
    'select queue, count(*)::int as events from bullmq.event group by queue order by queue',
  );
  expect(rows.map(({ events }) => events)).toEqual([900, 100]);
  await queues.close();
});

it('runs a job again that was asked for while it ran, once, and drops what may be dropped', async () => {
  const { pool } = await brokenPool();
  const queues = await openQueues({ kind: 'postgres', pool: pool as unknown as QueuePool }, quiet);
  const events = new EventTarget();
  const begun: string[] = [];
  const worker = await queues.work('sync', 2, async (job) => {
    begun.push('trigger' in job ? job.trigger : job.name);
    const ended = once(events, `end ${begun.length}`);
    events.dispatchEvent(new Event(`begun ${begun.length}`));
    await ended;
  });
  const first = once(events, 'begun 1');
  await queues.add({ name: 'sync', source: 'em', trigger: 'schedule' }, 'em');
  await first;
  await queues.add({ name: 'sync', source: 'em', trigger: 'schedule' }, 'em');
  await queues.add({ name: 'sync', source: 'em', trigger: 'api' }, 'em', 'again');
  await queues.add({ name: 'sync', source: 'em', trigger: 'api' }, 'em', 'again');
  const second = once(events, 'begun 2');
  events.dispatchEvent(new Event('end 1'));
  await second;
  events.dispatchEvent(new Event('end 2'));
  await expect.poll(async () => (await queues.count()).sync['active']).toBe(0);
  // Whoever comes now is the next.
  const third = once(events, 'begun 3');
  await queues.add({ name: 'sync', source: 'em', trigger: 'schedule' }, 'em');
  await third;
  expect(begun).toEqual(['schedule', 'api', 'schedule']);
  events.dispatchEvent(new Event('end 3'));
  await worker.close();
  await queues.close();
});
