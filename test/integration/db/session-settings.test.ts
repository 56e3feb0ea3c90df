import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/db/open-database.ts';
import { openHistory, openQueuePool } from '../../../src/db/open-history.ts';
import { openSourceLocks } from '../../../src/db/source-locks.ts';
import { openQueryPool } from '../../../src/query/sql/open-query-pool.ts';
import { startPooler } from '../../support/start-pooler.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let db: TestDatabase;
const cleanUps: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  db = await createTestDatabase();
  cleanUps.push(() => db.drop());
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const misleading =
  '-c timezone=Europe/Berlin -c datestyle=German,DMY -c intervalstyle=sql_standard -c extra_float_digits=-15 ' +
  '-c default_transaction_read_only=off -c statement_timeout=0 -c jit=on -c search_path=elsewhere';
const withOptions = (url: string) => `${url}?options=${encodeURIComponent(misleading)}`;

const askSettings = async (pool: Pick<pg.Pool, 'query'>) =>
  (
    await pool.query<Record<string, string>>(
      `select current_setting('timezone') as timezone, current_setting('datestyle') as datestyle,
         current_setting('statement_timeout') as timeout, current_setting('transaction_read_only') as read_only,
         current_setting('jit') as jit, '2026-06-16T06:33:10.659559Z'::timestamptz::text as moment,
         '90 seconds'::interval::text as pause, (1::double precision / 3)::text as third`,
    )
  ).rows[0];
const ours = {
  timezone: 'UTC',
  datestyle: 'ISO, MDY',
  jit: 'off',
  moment: '2026-06-16 06:33:10.659559+00',
  pause: '00:01:30',
  third: '0.3333333333333333',
};

describe.each([
  ['an address with options of its own', (url: string) => Promise.resolve(withOptions(url))],
  [
    'a database with settings of its own',
    async (url: string) => {
      const name = new URL(url).pathname.slice(1);
      for (const [setting, value] of Object.entries({ timezone: 'Europe/Berlin', datestyle: 'German, DMY' }))
        await db.query(`alter database ${name} set ${setting} to '${value}'`);
      return url;
    },
  ],
  [
    'a pooler in session mode',
    async (url: string) => {
      const pooler = await startPooler(url, 'session');
      cleanUps.push(() => pooler.close());
      return pooler.url;
    },
  ],
])('through %s', (_, reach) => {
  it('connections for writing, through Prisma too, have the settings the statements rely on', async () => {
    const database = openDatabase(await reach(db.url), { poolSize: 1 });
    cleanUps.push(() => database.close());
    const expected = { ...ours, timeout: '0', read_only: 'off' };
    expect(await askSettings(database.pool)).toEqual(expected);
    const { prisma } = database;
    expect(
      await prisma.$queryRawUnsafe(`select '2026-06-16T06:33:10.659559Z'::timestamptz::text as moment`),
    ).toEqual([{ moment: ours.moment }]);
  });

  it('connections for questions cannot write and have their limit of time', async () => {
    const pool = openQueryPool(await reach(db.url), 1, () => undefined);
    cleanUps.push(() => pool.end());
    expect(await askSettings(pool)).toEqual({ ...ours, timeout: '30s', read_only: 'on' });
    const { rows } = await pool.query('show max_parallel_workers_per_gather');
    expect(rows).toEqual([{ max_parallel_workers_per_gather: '0' }]);
    await expect(pool.query('delete from sources')).rejects.toThrow(/read-only transaction/);
  });

  it('the queue finds its tables, and the history its own', async () => {
    const url = await reach(db.url);
    const pool = openQueuePool(url, () => undefined);
    cleanUps.push(() => pool.end());
    expect((await pool.query('show search_path')).rows).toEqual([{ search_path: 'bullmq' }]);
    const history = await openHistory({ databaseUrl: url, dataDir: '' });
    cleanUps.push(() => history.close());
    const [path] = await history.prisma.$queryRawUnsafe<{ search_path: string }[]>('show search_path');
    expect(path?.search_path).toMatch(/^public\b/);
  });
});

describe('a pooler', () => {
  it('in session mode keeps a lock with its connection', async () => {
    const pooler = await startPooler(db.url, 'session');
    cleanUps.push(() => pooler.close());
    const [one, two] = [openSourceLocks(pooler.url), openSourceLocks(pooler.url)];
    cleanUps.push(
      () => one.close(),
      () => two.close(),
    );
    const lock = await one.take(1, 'run');
    expect(lock).toBeDefined();
    expect(await two.take(1, 'run')).toBeUndefined();
    await lock?.release();
    expect(await two.take(1, 'run')).toBeDefined();
  });

  it('in transaction mode is refused, with what to do', async () => {
    const pooler = await startPooler(db.url, 'transaction');
    cleanUps.push(() => pooler.close());
    const opening = openHistory({ databaseUrl: pooler.url, dataDir: '' });
    await expect(opening).rejects.toMatchObject({ kind: 'permanent', message: /pool_mode=session/ });
    const locks = openSourceLocks(pooler.url);
    cleanUps.push(() => locks.close());
    await expect(locks.take(1, 'run')).rejects.toThrow(/transaction mode/);
  });
});

it('refuses a database that cannot hold every name', async () => {
  const name = `${new URL(db.url).pathname.slice(1)}_latin1`;
  await db.query(`create database ${name} encoding 'LATIN1' locale 'C' template template0`);
  cleanUps.push(() => db.query(`drop database ${name}`));
  const address = new URL(db.url);
  address.pathname = `/${name}`;
  await expect(openHistory({ databaseUrl: address.href, dataDir: '' })).rejects.toMatchObject({
    kind: 'permanent',
    message: /LATIN1.*encoding 'UTF8'/,
  });
});
