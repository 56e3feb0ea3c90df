import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { openDatabase } from '../../../src/db/open-database.ts';
import { openHistory } from '../../../src/db/open-history.ts';
import { openPool } from '../../../src/db/open-pool.ts';
import { holdForRun } from '../../../src/db/hold-source.ts';
import { markLost } from '../../../src/db/list-state.ts';
import { openSourceLocks } from '../../../src/db/source-locks.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
async function database(options?: { readonly empty: boolean }): Promise<TestDatabase> {
  const made = await createTestDatabase(options);
  cleanUps.push(() => made.drop());
  return made;
}
const terminate = (db: TestDatabase, where: string) =>
  db.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and ${where}`,
  );
const waiting = (db: TestDatabase, where: string) =>
  expect.poll(
    async () =>
      (
        await db.query(
          `select from pg_stat_activity
           where datname = current_database() and wait_event_type = 'Lock' and ${where}`,
        )
      ).length,
    { timeout: 60_000, interval: 50 },
  );

it('outlives a connection that breaks while somebody holds it and asks nothing', async () => {
  const db = await database();
  const pool = openPool({ connectionString: db.url, application_name: 'held' }, () => undefined);
  const client = await pool.connect();
  const broken = new Promise((resolve) => client.once('end', resolve));
  await terminate(db, `application_name = 'held'`);
  await broken;
  await expect(client.query('select 1')).rejects.toThrow();
  client.release(true);
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await pool.end();
});

it('takes a database that goes away during a migration for one that comes back', async () => {
  const db = await database({ empty: true });
  const blocker = openPool({ connectionString: db.url, application_name: 'blocker' }, () => undefined);
  cleanUps.push(() => blocker.end());
  const client = await blocker.connect();
  await client.query('begin; create schema report');
  const opening = openHistory({ databaseUrl: db.url, dataDir: '' });
  const failed = expect(opening).rejects.toMatchObject({ kind: 'transient' });
  await waiting(db, `application_name <> 'blocker'`).toBe(1);
  await terminate(db, `application_name = 'session-history migrate'`);
  await failed;
  await client.query('rollback');
  client.release();
  const history = await openHistory({ databaseUrl: db.url, dataDir: '' });
  await history.close();
});

it('does not end when its turn to migrate is cut short', async () => {
  const db = await database({ empty: true });
  const address = new URL(db.url);
  const proxy = await startTcpProxy({ host: address.hostname, port: Number(address.port) });
  cleanUps.push(() => proxy.close());
  address.host = `127.0.0.1:${proxy.port}`;
  const holder = openPool({ connectionString: db.url, application_name: 'blocker' }, () => undefined);
  cleanUps.push(() => holder.end());
  const client = await holder.connect();
  await client.query('select pg_advisory_lock($1)', [0x73657373]);
  const failed = expect(openHistory({ databaseUrl: address.href, dataDir: '' })).rejects.toMatchObject({
    kind: 'transient',
  });
  await waiting(db, `application_name <> 'blocker'`).toBe(1);
  await proxy.cut();
  await failed;
  client.release(true);
});

it('loses its locks when it is frozen, so that others can have them', async () => {
  const db = await database();
  const [{ version } = { version: 0 }] = await db.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  );
  const frozen = openSourceLocks(db.url, { heartbeat: 2_000_000_000, frozen: 200 });
  const other = openSourceLocks(db.url);
  const lock = await frozen.take(1, 'run');
  expect(await other.take(1, 'run')).toBeUndefined();
  // Older servers know no such time-out, and drop the lock with the connection only.
  if (version >= 140_000 && lock?.lost.aborted === false) await once(lock.lost, 'abort');
  else await frozen.close();
  expect(await other.take(1, 'run')).toBeDefined();
  await frozen.close();
  await other.close();
});

it('ends a run whose statement waits for a connection as dead as that of its lock', async () => {
  const db = await database();
  const opened = openDatabase(db.url);
  const held = await holdForRun(opened, { name: 'em', url: 'https://em:9398', tasks: 'all' }, 'cli');
  const blocker = openPool({ connectionString: db.url, application_name: 'blocker' }, () => undefined);
  const client = await blocker.connect();
  await client.query('begin; select from sources for update');
  const written = expect(held?.write((write) => markLost(write, []))).rejects.toMatchObject({
    kind: 'transient',
  });
  await waiting(db, `application_name = 'session-history'`).toBe(1);
  await terminate(db, `application_name = 'session-history locks'`);
  // The statement still waits.
  await written;
  await client.query('rollback');
  client.release();
  await blocker.end();
  await held?.release();
  await opened.close();
}, 20_000);
