import { expect, it } from 'vitest';
import { startApi, type Page } from '../support/start-api.ts';
import { database, later, patience, simulator, sourcesFile } from '../support/service-world.ts';

it('syncs when asked over HTTP, and shows the run while it goes and after', async () => {
  const db = await database();
  const em = await simulator(300);
  const api = await startApi(
    {
      DATABASE_URL: db.url,
      SOURCES_FILE: sourcesFile([
        { name: 'head office', url: em.url },
        { name: 'locked', url: em.url, password: 'wrong' },
      ]),
      SYNC_INTERVAL_MINUTES: '60',
    },
    'serve',
  );
  later(() => api.service.stop());
  const runs = async (address: string) =>
    ((await (await api.ask(address)).json()) as Page).data as readonly {
      readonly status: string;
      readonly trigger: string;
      readonly missing: number;
      readonly runId: string;
    }[];
  const finished = async (source: string) =>
    (await runs(`/api/v1/sync-runs?source=${source}`)).filter(({ status }) => status !== 'running').length;
  // Both were read once at the start: nothing is due for an hour.
  await expect
    .poll(async () => (await finished('head%20office')) + (await finished('locked')), patience)
    .toBe(2);

  const answer = await api.ask('/api/v1/sources/head%20office/sync', { method: 'POST' });
  expect(answer.status).toBe(202);
  const body = (await answer.json()) as { source: string; runs: string; requestedAt: string };
  expect(body.source).toBe('head office');
  expect(answer.headers.get('location')).toBe(body.runs);
  await expect
    .poll(async () => (await runs(body.runs)).map(({ status }) => status), patience)
    .toEqual(['succeeded']);
  const [run] = await runs(body.runs);
  expect([run?.trigger, run?.missing]).toEqual(['api', 0]);
  expect((await api.ask(`/api/v1/sync-runs/${run?.runId ?? ''}`)).status).toBe(200);

  // One that is under way already is the one that was asked for.
  await db.query(
    `insert into sync_runs (run_id, source_id, trigger, status, started_at)
     select gen_random_uuid(), id, 'cli', 'running', now() - interval '1 minute' from sources where name = 'head office'`,
  );
  const joined = await api.ask('/api/v1/sources/head%20office/sync', { method: 'POST' });
  await expect
    .poll(
      async () => (await runs(joined.headers.get('location') ?? '')).map(({ trigger }) => trigger),
      patience,
    )
    .toContain('cli');

  const problem = async (address: string) => {
    const refused = await api.ask(address, { method: 'POST' });
    return [refused.status, ((await refused.json()) as { type: string }).type];
  };
  expect(await problem('/api/v1/sources/nowhere/sync')).toEqual([404, '/problems/not-found']);
  // Asking again and again would lock the account.
  expect(await problem('/api/v1/sources/locked/sync')).toEqual([409, '/problems/credentials-refused']);
  await db.query(`insert into sources (name, url) values ('given up', 'https://gone.example')`);
  expect(await problem('/api/v1/sources/given%20up/sync')).toEqual([409, '/problems/not-scheduled']);
});
