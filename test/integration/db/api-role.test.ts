import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureApiRole } from '../../../src/db/api-role.ts';
import { guardAdvisoryLocks } from '../../../src/db/guard-advisory-locks.ts';
import { ensureReaderRole } from '../../../src/db/reader-role.ts';
import { openDatabase } from '../../../src/db/open-database.ts';
import { createAwkwardDatabase } from '../../support/awkward-database.ts';
import { awkwardHistory } from '../../support/awkward-history.ts';
import { runHere } from '../../support/run-here.ts';
import { startApi, type RunningApi } from '../../support/start-api.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const history = awkwardHistory('2026-10-05');
let database: TestDatabase;
let api: RunningApi;
let login: pg.Client;
let address: URL;
let name: string;

beforeAll(async () => {
  database = await createAwkwardDatabase(history);
  const opened = openDatabase(database.url);
  expect(await ensureApiRole(opened.prisma)).toBe(true);
  expect(await ensureApiRole(opened.prisma)).toBe(true);
  await opened.close();
  // Logins belong to the server, not to the database.
  name = `web_${new URL(database.url).pathname.slice(1)}`;
  await database.query(`create role ${name} login password 'web' in role session_history_api`);
  address = new URL(database.url);
  address.username = name;
  address.password = 'web';
  login = new pg.Client({ connectionString: address.href });
  await login.connect();
  api = await startApi({ DATABASE_URL: database.url, API_DATABASE_URL: address.href });
});
afterAll(async () => {
  await api.service.stop();
  await login.end();
  await database.query(`drop role ${name}`);
  await database.drop();
});

describe('the role of the API', () => {
  const [session] = history.sessions;
  it.each([
    '/sessions',
    '/sessions?search=sicher&count=exact',
    '/sessions?outcome=failed&outcome=success&count=estimated&sort=createdAt',
    `/sessions/${session?.id ?? ''}`,
    '/sessions?format=csv',
    '/jobs',
    '/computers',
    '/computers/PC-1',
    '/servers',
    '/reports/daily-outcomes',
    '/reports/overdue',
    '/reports/outcomes-by-day',
    '/reports/computer-calendar',
    '/reports/duration-growth',
    '/sources',
    '/sync-runs',
    '/coverage',
    '/holes',
    '/labels',
    '/access',
  ])('is enough for %s', async (question) => {
    const answer = await api.ask(`/api/v1${question}`);
    expect([question, answer.status]).toEqual([question, 200]);
    await answer.text();
  });

  it('is what all of the questions of the API are asked with', async () => {
    const rows = await database.query<{ usename: string; application_name: string }>(
      `select distinct usename, application_name from pg_stat_activity
       where datname = current_database() and application_name in ('session-history api', 'session-history access')`,
    );
    expect(rows.map(({ usename }) => usename)).toEqual([name, name]);
  });

  it('notes when a key was used', async () => {
    const { stdout } = await runHere(['keys', 'create', '--name', 'a'], { DATABASE_URL: database.url });
    const answer = await api.ask('/api/v1/access', { headers: { authorization: `Bearer ${stdout.trim()}` } });
    expect(answer.status).toBe(200);
    await expect
      .poll(() => database.query('select from api_keys where last_used_at is not null'))
      .toHaveLength(1);
  });

  it.each([
    'insert into sessions select * from sessions',
    'update sessions set progress = 1',
    'delete from sessions',
    'truncate sessions',
    'update api_keys set revoked_at = null',
    `insert into api_keys (name, scope, key_hash) values ('mine', 'operate', 'x')`,
    'delete from api_keys',
    'update sources set url = url',
    'update sync_runs set status = status',
    'select * from _prisma_migrations',
    'update sources set version = version + 1',
    'update computers set is_stale = true',
    'delete from session_names',
    'create table mine ()',
    'create table report.mine ()',
    'drop view report.sessions',
    'create role another',
    'select * from pg_authid',
  ])('may not: %s', async (statement) => {
    await expect(login.query(statement)).rejects.toThrow(/permission denied|must be owner|cannot/i);
  });
});

it('takes advisory locks from readers, and leaves them to the account of the program', async () => {
  const opened = openDatabase(database.url);
  await ensureReaderRole(opened.prisma);
  const guard = await guardAdvisoryLocks(opened.prisma);
  expect(await guardAdvisoryLocks(opened.prisma)).toEqual(guard);
  await opened.close();
  expect(guard.areGuarded).toBe(true);
  // What another account is told to have run does the same.
  await database.query(guard.statement);
  for (const lock of [
    'pg_advisory_lock(1)',
    'pg_advisory_lock(1, 2)',
    'pg_advisory_lock_shared(1)',
    'pg_advisory_xact_lock(1)',
    'pg_advisory_xact_lock_shared(1, 2)',
    'pg_try_advisory_lock(1)',
    'pg_try_advisory_lock_shared(1, 2)',
    'pg_try_advisory_xact_lock(1)',
    'pg_try_advisory_lock(1, 2)',
    'pg_try_advisory_xact_lock_shared(1)',
  ]) {
    await expect(login.query(`select ${lock}`)).rejects.toThrow(/permission denied/);
    await database.query(
      `begin; set local role session_history_reader; rollback; select ${lock}; select pg_advisory_unlock_all()`,
    );
  }
});
