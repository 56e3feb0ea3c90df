import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrateDatabase } from '../../src/db/migrate/migrate-database.ts';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/embedded-postgres/start-embedded-postgres.ts';
import { readReplicaLag } from '../../src/query/sql/read-replica-lag.ts';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { startApi, type Page, type RunningApi } from '../support/start-api.ts';
import { startReplica } from '../support/start-replica.ts';
import { credentials, syncOnce } from '../support/sync-once.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';

let em: Simulator;
let primary: EmbeddedPostgres;
let replica: EmbeddedPostgres;
let onPrimary: pg.Pool;
let onReplica: pg.Pool;
let api: RunningApi;

beforeAll(async () => {
  em = await startSimulator({ sessions: 40, frozen: true, ...credentials });
  const folder = path.join(makeTemporaryFolder('replica').path, 'primary');
  primary = await startEmbeddedPostgres(folder);
  await migrateDatabase(primary.url);
  await syncOnce(em.url, primary.url, { tasks: 'none' });
  replica = await startReplica(primary, folder, path.join(path.dirname(folder), 'replica'));
  onPrimary = new pg.Pool({ connectionString: primary.url, max: 2 });
  onReplica = new pg.Pool({ connectionString: replica.url, max: 2 });
  api = await startApi({ DATABASE_URL: primary.url, API_DATABASE_URL: replica.url });
});
afterAll(async () => {
  await api.service.stop();
  await Promise.all([onPrimary.end(), onReplica.end()]);
  await replica.stop();
  await primary.stop();
  await em.close();
});

const readLag = async () => {
  const text = await (await api.ask('/metrics')).text();
  const value = /^session_history_replica_lag_seconds\{reader="api"\} (\S+)$/m.exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
};
const list = async (headers: Record<string, string> = {}) => {
  const answer = await api.ask('/api/v1/sessions?limit=1000&count=exact', { headers });
  const body = answer.status === 200 ? ((await answer.json()) as Page) : undefined;
  return { status: answer.status, etag: answer.headers.get('etag') ?? '', count: body?.page.count };
};
/** All changes after a cursor, and the cursor behind them. */
async function follow(after: string): Promise<{ readonly count: number; readonly cursor: string }> {
  let count = 0;
  for (let cursor = after; ;) {
    const { data, page } = (await (
      await api.ask(`/api/v1/changes?limit=1000&after=${cursor}`)
    ).json()) as Page;
    if (data.length === 0) return { count, cursor };
    count += data.length;
    cursor = page.nextCursor ?? '';
  }
}

it('answers from a replica as old as it is, says how old that is, and loses nothing of the feed', async () => {
  expect(await readReplicaLag(onPrimary, onPrimary)).toBeUndefined();
  await expect.poll(readLag).toBe(0);
  const before = await list();
  const first = await follow('');
  expect(first.count).toBe(before.count);

  await onReplica.query('select pg_wal_replay_pause()');
  const readPause = async () =>
    (await onReplica.query<{ state: string }>('select pg_get_wal_replay_pause_state() as state')).rows[0]
      ?.state;
  await expect.poll(readPause).toBe('paused');
  em.advance(86_400_000);
  const report = await syncOnce(em.url, primary.url, { tasks: 'none' });
  expect(report.new).toBeGreaterThan(0);
  expect(await follow(first.cursor)).toEqual({ count: 0, cursor: first.cursor });
  expect(await list({ 'if-none-match': before.etag })).toMatchObject({ status: 304 });
  expect(await readLag()).toBeGreaterThan(0);

  await onReplica.query('select pg_wal_replay_resume()');
  await expect.poll(readLag).toBe(0);
  const after = await list({ 'if-none-match': before.etag });
  expect(after).toMatchObject({ status: 200, count: (before.count ?? 0) + report.new });
  expect((await follow(first.cursor)).count).toBeGreaterThanOrEqual(report.new + report.changed);
});
