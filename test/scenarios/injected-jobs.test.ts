import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, it } from 'vitest';
import { openQueuePool } from '../../src/db/open-history.ts';
import { openQueues, type QueuePlace, type QueuePool } from '../../src/queue/open-queues.ts';
import { startEmDouble } from '../support/em-double.ts';
import { backend, countRuns, database, later, patience, service } from '../support/service-world.ts';

/** The queue as whoever can reach its database sees it. */
async function placeOf(url: string, redisUrl: string | undefined): Promise<QueuePlace> {
  if (redisUrl === undefined) {
    const pool = openQueuePool(url, () => undefined);
    later(() => pool.end());
    return { kind: 'postgres', pool: pool as unknown as QueuePool };
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ id: string }>('select id from installation');
  await client.end();
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  later(() => {
    redis.disconnect();
    return Promise.resolve();
  });
  return { kind: 'redis', redis, prefix: `{session-history:${rows[0]?.id.slice(0, 8) ?? ''}}` };
}

it.each(['postgresql', 'redis'] as const)(
  'jobs that others put into the queue in %s do not try a refused password again',
  async (kind) => {
    const { redis, environment } = await backend(kind);
    const db = await database();
    const em = await startEmDouble();
    later(() => em.close());
    let logons = 0;
    em.intercept = (request, response) => {
      if (request.method !== 'POST') return false;
      logons += 1;
      response.writeHead(401, { 'Content-Type': 'application/xml' }).end('<Error StatusCode="401"/>');
      return true;
    };
    const worker = service('worker', {
      ...environment,
      DATABASE_URL: db.url,
      EM_URL: em.url,
      EM_USERNAME: 'demo',
      EM_PASSWORD: 'wrong',
      EM_NAME: 'em',
      SYNC_INTERVAL_MINUTES: '60',
    });
    const areRefusalsNoted = async () =>
      (await db.query(`select 1 from sources where refused_credentials is not null`)).length === 1;
    await expect.poll(areRefusalsNoted, patience).toBe(true);
    const before = logons;
    expect(before).toBe(1);

    const queues = await openQueues(await placeOf(db.url, redis?.url), {
      isTraced: false,
      onTrouble: () => undefined,
    });
    later(() => queues.close());
    for (let job = 0; job < 9; job += 1) {
      const trigger = job % 2 === 0 ? 'api' : 'schedule';
      await queues.add({ name: 'sync', source: 'em', trigger }, `injected ${job}`);
      await queues.add({ name: 'tasks', source: 'em' }, `injected tasks ${job}`);
      await queues.add({ name: 'backfill', source: 'em' }, `injected backfill ${job}`);
    }
    const left = async () => {
      const { sync, upkeep } = await queues.count();
      return [sync['waiting'], sync['active'], sync['failed'], upkeep['waiting'], upkeep['active']];
    };
    await expect.poll(left, patience).toEqual([0, 0, 0, 0, 0]);
    expect(logons).toBe(before);
    expect(await countRuns(db)).toBe(1);
    await worker.stop();
  },
  120_000,
);
