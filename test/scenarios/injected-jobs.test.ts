import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { openQueuesOf } from '../../src/compose/queues.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { openHistory } from '../../src/db/open-history.ts';
import { startEmDouble } from '../support/em-double.ts';
import { backend, countRuns, database, later, patience, service } from '../support/service-world.ts';

it.each(['postgresql', 'redis'] as const)(
  'jobs that others put into the queue in %s do not try a refused password again',
  async (kind) => {
    const { environment } = await backend(kind);
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
    const settings = {
      ...environment,
      DATABASE_URL: db.url,
      EM_URL: em.url,
      EM_USERNAME: 'demo',
      EM_PASSWORD: 'wrong',
      EM_NAME: 'em',
      SYNC_INTERVAL_MINUTES: '60',
    };
    const worker = service('worker', settings);
    const areRefusalsNoted = async () =>
      (await db.query(`select 1 from sources where refused_credentials is not null`)).length === 1;
    await expect.poll(areRefusalsNoted, patience).toBe(true);
    const before = logons;
    expect(before).toBe(1);

    // The queue as whoever can reach its database sees it.
    const config = readConfig(settings, tmpdir());
    const history = await openHistory(config);
    later(() => history.close());
    const queues = await openQueuesOf(config, history, () => undefined);
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
