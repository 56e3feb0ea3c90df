import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { restoreText } from '../../../src/export/write-csv.ts';
import { runHere } from '../../support/run-here.ts';
import { startApi, walk, type RunningApi } from '../../support/start-api.ts';
import { makeTemporaryFolder } from '../../support/temporary-folder.ts';
import { keepFigures } from '../../support/keep-figures.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

/** A source of computers 0 to 9 in two policies on two servers: runs of the last days, retries and failures among them. */
const fill = (id: number, name: string) => `
  insert into sources (id, name, url, version, last_listed_at) values (${id}, '${name}', 'https://${name}', 40, now());
  insert into servers (source_id, server_id, server_name)
    select ${id}, md5('server${id}' || server)::uuid, 'vbr${id}' || server from generate_series(1, 2) as server;
  insert into jobs (source_id, job_id, job_name, kind, server_id, server_name, policy_id, computer)
    select ${id}, md5('policy${id}' || policy)::uuid, 'Policy ' || policy, 'job', md5('server${id}' || policy)::uuid, 'vbr${id}' || policy,
      md5('policy${id}' || policy)::uuid, null
    from generate_series(1, 2) as policy
    union all
    select ${id}, md5('job${id}' || number)::uuid, 'Policy ' || number % 2 + 1 || ' - PC-' || number, 'computer',
      md5('server${id}' || number % 2 + 1)::uuid, 'vbr${id}' || number % 2 + 1, md5('policy${id}' || number % 2 + 1)::uuid, 'PC-' || number
    from generate_series(0, 9) as number;
  insert into sessions (source_id, session_id, session_name, kind, job_type, job_id, job_name, computer, server_id, server_name, state, result,
    is_retry, created_at, ended_at, processed_bytes, parent_session_id, change_number, first_seen_at, last_changed_at)
  select job.source_id, md5('session' || job.job_id || day || attempt)::uuid, job.job_name || '@' || day, job.kind, 'AgentManagement', job.job_id,
    job.job_name, job.computer, job.server_id, job.server_name, 'Stopped',
    case when attempt = 0 and day % 5 = 1 or length(job.job_name) % 7 = day then 'Failed' else 'Success' end,
    attempt = 1, timestamptz '2026-06-01 20:00Z' + day * interval '1 day' + attempt * interval '1 hour',
    timestamptz '2026-06-01 20:10Z' + day * interval '1 day' + attempt * interval '1 hour', 100,
    case when job.kind = 'computer' then md5('session' || job.policy_id || day || 0)::uuid end, 1 + day, '2026-07-01Z', '2026-07-01Z'
  from jobs as job, generate_series(0, 11) as day, generate_series(0, 1) as attempt
  where job.source_id = ${id} and (attempt = 0 or day % 5 = 1 and job.kind = 'computer');
  insert into tasks (source_id, task_id, session_id, task_name, machine)
    select source_id, md5('task' || session_id)::uuid, session_id, 'task', computer from sessions where source_id = ${id} and kind = 'computer';
  insert into sync_runs (run_id, source_id, trigger, status, started_at, finished_at)
    values (md5('run${id}')::uuid, ${id}, 'cli', 'succeeded', '2026-06-20Z', '2026-06-20Z');
  insert into coverage (source_id, from_at, to_at, first_seen_at) values (${id}, '2026-05-01Z', '2026-05-02Z', '2026-05-03Z');
  insert into stale_days (source_id, day)
    select distinct source_id, (created_at at time zone 'UTC')::date from sessions where source_id = ${id} on conflict do nothing;
`;
const lists = [
  ...['/sessions', '/jobs', '/computers', '/servers', '/sources', '/sync-runs', '/coverage', '/holes'],
  ...[
    'daily-outcomes',
    'daily-totals',
    'overdue',
    'outcomes-by-day',
    'computer-calendar',
    'duration-growth',
  ].map((name) => `/reports/${name}`),
].map((address) => `/api/v1${address}`);

let both: TestDatabase;
let alone: TestDatabase;
let api: RunningApi;
let aloneApi: RunningApi;
let operator: string;

const environment = (database: TestDatabase) => ({ DATABASE_URL: database.url, LOG_LEVEL: 'error' });
const makeKey = async (database: TestDatabase, ...args: readonly string[]) => {
  const { stdout, stderr, code } = await runHere(
    ['keys', 'create', '--name', 'k', ...args],
    environment(database),
  );
  expect([code, stderr]).toEqual([0, expect.stringContaining('Key')]);
  return stdout.trim();
};
const as = (key: string): RunningApi => ({
  ...api,
  ask: (address, init) => {
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${key}`);
    return api.ask(address, { ...init, headers });
  },
});
/** What moves with the clock, or is the time a figure was worked out at. */
const moving = ['hoursSinceSuccess', 'daysUntilLoss', 'lastSeenAt', 'firstSeenAt'];
const still = (rows: readonly Readonly<Record<string, unknown>>[]) =>
  rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !moving.includes(name))));

beforeAll(async () => {
  both = await createTestDatabase();
  await both.query(fill(1, 'one') + fill(2, 'two'));
  await keepFigures(both);
  alone = await createTestDatabase();
  await alone.query(fill(1, 'one'));
  await keepFigures(alone);
  [api, aloneApi] = await Promise.all([
    startApi({ DATABASE_URL: both.url }),
    startApi({ DATABASE_URL: alone.url }),
  ]);
  operator = await makeKey(both, '--scope', 'operate');
});
afterAll(async () => {
  await Promise.all([api.service.stop(), aloneApi.service.stop()]);
  await Promise.all([both.drop(), alone.drop()]);
});

describe('a key of a source', () => {
  it('is answered as if there were no other: rows, counts, downloads, the feed', async () => {
    const key = as(await makeKey(both, '--source', 'one'));
    for (const list of lists) {
      const expected = await walk(aloneApi, list, 50);
      expect([list, still(await walk(key, list, 50))]).toEqual([list, still(expected)]);
      const count = async (one: RunningApi) =>
        ((await (await one.ask(`${list}?count=exact&limit=1`)).json()) as { page: { count: number } }).page
          .count;
      expect([list, await count(key)]).toEqual([list, await count(aloneApi)]);
    }
    const text = async (one: RunningApi, address: string) => (await one.ask(address)).text();
    const csv = '/api/v1/sessions?format=csv&sort=createdAt';
    expect((await text(key, csv)).length).toBe((await text(aloneApi, csv)).length);
    const feed = '/api/v1/changes?format=ndjson';
    expect((await text(key, feed)).split('\n').length).toBe((await text(aloneApi, feed)).split('\n').length);
    // A filter on what it may not see is a filter on nothing.
    expect(await walk(key, '/api/v1/sessions?source=two', 50)).toEqual([]);
    expect((await walk(key, '/api/v1/sessions?source=two&source=one', 500)).length).toBe(
      (await walk(aloneApi, '/api/v1/sessions', 500)).length,
    );
  });

  it('finds nothing of others by id', async () => {
    const key = as(await makeKey(both, '--source', 'one'));
    const [other] = await both.query<{ session_id: string; job_id: string }>(
      'select session_id, job_id from sessions where source_id = 2 limit 1',
    );
    const addresses = [
      `/sessions/${other?.session_id ?? ''}`,
      `/jobs/${other?.job_id ?? ''}`,
      '/computers/PC-1?source=two',
      `/sync-runs/${(await both.query<{ id: string }>(`select md5('run2')::uuid::text as id`))[0]?.id ?? ''}`,
    ];
    for (const address of addresses) expect((await key.ask(`/api/v1${address}`)).status).toBe(404);
    // Elsewhere it would be ambiguous.
    expect((await key.ask('/api/v1/computers/PC-1')).status).toBe(200);
    const operating = as(await makeKey(both, '--source', 'one', '--scope', 'operate'));
    expect((await operating.ask('/api/v1/sources/two/sync', { method: 'POST' })).status).toBe(404);
  });

  it('keeps its ETag while others change', async () => {
    const key = as(await makeKey(both, '--source', 'one'));
    const tag = async (one: RunningApi) => (await one.ask('/api/v1/sessions')).headers.get('etag');
    const [before, all] = [await tag(key), await tag(as(operator))];
    await both.query('update sources set version = version + 1 where id = 2');
    expect(await tag(key)).toBe(before);
    expect(await tag(as(operator))).not.toBe(all);
    await both.query('update sources set version = version + 1 where id = 1');
    expect(await tag(key)).not.toBe(before);
  });
});

describe('labels', () => {
  it('come from CSV, the nearest wins, and a key of a customer sees exactly its own', async () => {
    const before = (await as(operator).ask('/api/v1/sessions')).headers.get('etag') ?? '';
    const file = path.join(makeTemporaryFolder().path, 'labels.csv');
    writeFileSync(
      file,
      '\uFEFFsource;server;job;computer;customer;site\r\n' +
        'one;;;;Hoster;\r\none;;Policy 1;;Acme;Berlin\r\none;vbr12;;;Brown;\r\none;;;PC-2;Clark;Bonn\r\ntwo;;Policy 2;;Acme;\r\n',
    );
    const imported = await runHere(['labels', 'import', file], environment(both));
    expect([imported.code, imported.stderr]).toEqual([0, '']);
    expect((await as(operator).ask('/api/v1/sessions')).headers.get('etag')).not.toBe(before);

    const customerOf = await both.query<{
      source: string;
      computer: string;
      customer: string | null;
      site: string | null;
    }>(
      'select distinct source, computer, customer, site from report.sessions where computer is not null order by 1, 2',
    );
    // PC-even are in Policy 1, PC-odd in Policy 2 on vbr12.
    expect(customerOf).toEqual(
      ['one', 'two'].flatMap((source) =>
        Array.from({ length: 10 }, (_, number) => ({
          source,
          computer: `PC-${number}`,
          customer:
            source === 'two'
              ? number % 2 === 0
                ? null
                : 'Acme'
              : number === 2
                ? 'Clark'
                : number % 2 === 0
                  ? 'Acme'
                  : 'Brown',
          site: source === 'one' ? (number === 2 ? 'Bonn' : number % 2 === 0 ? 'Berlin' : null) : null,
        })),
      ),
    );
    const sums = (view: string) =>
      both.query(
        `select coalesce(customer, '') as customer, sum(total)::integer as total, sum(failed)::integer as failed from report.${view}
         where kind = 'computer' group by 1 order by 1`,
      );
    expect(await sums('daily_totals')).toEqual(await sums('daily_outcomes'));
    expect(await both.query('select 1 from stale_days where source_id = 1 limit 1')).toEqual([]);

    const key = as(await makeKey(both, '--customer', 'Acme'));
    const all = as(operator);
    for (const list of lists) {
      const everything = await walk(all, list, 200);
      const own = everything.filter((row) => 'customer' in row && row['customer'] === 'Acme');
      if (!['outcomes-by-day'].some((grouped) => list.endsWith(grouped)))
        expect([list, still(await walk(key, list, 200))]).toEqual([list, still(own)]);
      expect(
        still(
          await walk(
            all,
            `${list}${list.includes('sync') || /coverage|holes/.test(list) ? '' : '?customer=Acme'}`,
            200,
          ),
        ).length,
      ).toBe(
        list.includes('sync') || /coverage|holes/.test(list)
          ? everything.length
          : list.endsWith('by-day')
            ? (await walk(key, list, 200)).length
            : own.length,
      );
    }
    const feed = (await (await key.ask('/api/v1/changes?format=ndjson')).text()).trim().split('\n');
    expect(feed).toHaveLength((await walk(key, '/api/v1/sessions', 500)).length);
    expect(feed.every((line) => (JSON.parse(line) as { customer: string }).customer === 'Acme')).toBe(true);
    // Clark is in source one only: not even the cursor knows of another.
    const clark = as(await makeKey(both, '--customer', 'Clark'));
    const { page } = (await (await clark.ask('/api/v1/changes?limit=1000')).json()) as {
      page: { nextCursor: string };
    };
    expect(JSON.parse(Buffer.from(page.nextCursor, 'base64url').toString())).toEqual([
      'changes',
      [1, expect.any(String)],
    ]);
    // Its own labels are all it sees, and it changes none.
    const labels = (await (await key.ask('/api/v1/labels')).json()) as { data: readonly { value: string }[] };
    expect(labels.data.map(({ value }) => value).sort()).toEqual(['Acme', 'Acme', 'Berlin']);
    expect((await key.ask('/api/v1/labels', { method: 'PUT', body: '[]' })).status).toBe(403);
  });

  it('are listed by the command as by the API, in a file that can be imported', async () => {
    // Whoever opens the file in a spreadsheet must run nothing: names come from strangers.
    const formula = { source: 'two', computer: "=cmd|'/C calc'!A0", name: 'owner', value: '-1;=1' };
    const put = await as(operator).ask('/api/v1/labels', {
      method: 'PUT',
      body: JSON.stringify([formula]),
      headers: { 'content-type': 'application/json' },
    });
    expect(put.status).toBe(200);
    const everything = await walk(as(operator), '/api/v1/labels', 1_000);
    const listed = await runHere(['labels', 'list', '--csv'], environment(both));
    expect([listed.code, listed.stderr]).toEqual([0, '']);
    const fields = ['source', 'server', 'job', 'computer', 'name', 'value'];
    const rows = everything.map((label) => fields.map((field) => label[field]));
    const cells = (parse(listed.stdout) as unknown as readonly (readonly string[])[]).flat();
    expect(cells.filter((cell) => /^[=+\-@]|;=/.test(cell))).toEqual([]);
    expect(cells.map(restoreText)).toEqual([fields, ...rows].flat());
    const file = path.join(makeTemporaryFolder().path, 'again.csv');
    writeFileSync(file, listed.stdout);
    expect((await runHere(['labels', 'import', file], environment(both))).code).toBe(0);
    expect(await walk(as(operator), '/api/v1/labels', 1_000)).toEqual(everything);
    const gone = `source=two&computer=${encodeURIComponent(formula.computer)}`;
    expect((await as(operator).ask(`/api/v1/labels?${gone}`, { method: 'DELETE' })).status).toBe(200);
  });

  it('are read page by page, and only once while none changes', async () => {
    const all = as(operator);
    const everything = await walk(all, '/api/v1/labels', 1_000);
    expect(everything.length).toBeGreaterThan(3);
    expect(await walk(all, '/api/v1/labels', 1)).toEqual(everything);
    const page = await all.ask('/api/v1/labels?name=customer&computer=&limit=1');
    expect(await page.json()).toMatchObject({
      data: [{ name: 'customer', computer: '' }],
      page: { limit: 1, nextCursor: expect.any(String) as unknown },
    });
    const etag = page.headers.get('etag') ?? '';
    const again = async () =>
      (
        await all.ask('/api/v1/labels?name=customer&computer=&limit=1', {
          headers: { 'if-none-match': etag },
        })
      ).status;
    expect(await again()).toBe(304);
    const label = { source: 'two', name: 'owner', value: 'Kim' };
    const put = await all.ask('/api/v1/labels', {
      method: 'PUT',
      body: JSON.stringify([label]),
      headers: { 'content-type': 'application/json' },
    });
    expect(put.status).toBe(200);
    expect(await again()).toBe(200);
    expect((await all.ask('/api/v1/labels?source=two&name=owner', { method: 'DELETE' })).status).toBe(200);
    const source = as(await makeKey(both, '--source', 'two'));
    expect(await walk(source, '/api/v1/labels', 1_000)).toEqual(
      everything.filter((row) => row['source'] === 'two'),
    );
  });

  it('are set and taken away over HTTP, all of them or none', async () => {
    const send = (method: string, address: string, body?: unknown) =>
      as(operator).ask(`/api/v1/labels${address}`, {
        method,
        ...(body !== undefined && {
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
      });
    const wrong = await send('PUT', '', [
      { source: 'two', computer: 'PC-3', name: 'max_age_hours', value: '26' },
      { source: 'two', job: 'No such job', name: 'owner', value: 'x' },
    ]);
    expect([wrong.status, await wrong.json()]).toMatchObject([
      400,
      { errors: [{ parameter: '[1]', message: 'There is no job No such job in two.' }] },
    ]);
    expect((await send('PUT', '', [{ source: 'two', name: 'max_age_hours', value: 'soon' }])).status).toBe(
      400,
    );
    // PostgreSQL has no text with a NUL character.
    const nul = [{ source: 'two', computer: '\0', name: 'owner', value: 'x' }];
    expect((await send('PUT', '', nul)).status).toBe(400);
    expect((await send('DELETE', '?source=two&computer=%00')).status).toBe(400);
    expect((await send('GET', '?computer=%00')).status).toBe(400);
    const right = await send('PUT', '', [
      { source: 'two', computer: 'PC-3', name: 'max_age_hours', value: '26' },
      { source: 'two', computer: 'PC-3', name: 'muted_until', value: '2999-01-01' },
    ]);
    expect([right.status, await right.json()]).toEqual([200, { changed: 1 }]);
    const shown = () =>
      both.query(
        `select is_muted, max_age_hours, missed_last_expected from report.computers where source = 'two' and computer = 'PC-3'`,
      );
    expect(await shown()).toEqual([{ is_muted: true, max_age_hours: 26, missed_last_expected: true }]);
    expect(
      await both.query(
        `select name, value, given_to from report.labels where source = 'two' and computer = 'PC-3' order by name`,
      ),
    ).toEqual([
      { name: 'customer', value: 'Acme', given_to: 'job' },
      { name: 'max_age_hours', value: '26', given_to: 'computer' },
      { name: 'muted_until', value: '2999-01-01T00:00:00.000000Z', given_to: 'computer' },
    ]);
    expect((await send('DELETE', '?source=two&computer=PC-3')).status).toBe(200);
    expect(await shown()).toEqual([{ is_muted: false, max_age_hours: null, missed_last_expected: true }]);
    expect((await as(await makeKey(both)).ask('/api/v1/labels', { method: 'DELETE' })).status).toBe(403);
  });
});

it('check --nagios says it in a line', async () => {
  const { stdout, code } = await runHere(['check', '--nagios'], environment(both));
  expect(code).toBe(2);
  expect(stdout).toMatch(
    /^SESSION HISTORY CRITICAL - .*20 overdue.* \| .*overdue=20;;;0.* days_until_loss=-?[\d.]+;5:;1:\n$/,
  );
  expect((await runHere(['check', '--nagios', '--source', 'none'], environment(both))).code).toBe(3);
});

it('gauges count the computers of each customer', async () => {
  const text = await (await api.ask('/metrics')).text();
  expect(text).toContain('session_history_computers{source="one",customer="Acme",state="overdue"} 4');
  expect(text).toContain('session_history_computers{source="one",customer="Clark",state="ok"} 0');
});
