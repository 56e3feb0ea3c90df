import net from 'node:net';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rebuildDerived } from '../../../src/db/rebuild-derived.ts';
import { createAwkwardDatabase } from '../../support/awkward-database.ts';
import { awkwardHistory, awkwardNames } from '../../support/awkward-history.ts';
import { startApi, walk, type Page, type RunningApi } from '../../support/start-api.ts';
import type { TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
let api: RunningApi;
const history = awkwardHistory('2026-10-05');

beforeAll(async () => {
  database = await createAwkwardDatabase(history);
  api = await startApi({ DATABASE_URL: database.url });
});
afterAll(async () => {
  await api.service.stop();
  await database.drop();
});

const quoted = (value: string) => `'${value.replaceAll("'", "''")}'`;
const [first] = history.sessions;
const child = history.sessions.find(({ parentId }) => parentId !== undefined);

/** Some characters out of the middle, none of them cut in two. */
const part = (name: string) => Array.from(name).slice(1, 9).join('');

/** Each filter as a query string, and the same question in SQL. */
const filters: readonly (readonly [string, string])[] = [
  ['source=em', `source = 'em'`],
  ['source=nowhere', `source = 'nowhere'`],
  ['source=em&source=nowhere', `source in ('em', 'nowhere')`],
  ...awkwardNames.flatMap((name): [string, string][] => [
    [`job=${encodeURIComponent(name)}`, `job_name = ${quoted(name)}`],
    [
      `server=${encodeURIComponent(`vbr ${name.slice(0, 40)}`)}`,
      `server_name = ${quoted(`vbr ${name.slice(0, 40)}`)}`,
    ],
    [
      `search=${encodeURIComponent(part(name).toUpperCase())}`,
      ['session_name', 'job_name', 'computer', 'server_name']
        .map((column) => `position(lower(${quoted(part(name))}) in lower(${column})) > 0`)
        .join(' or '),
    ],
  ]),
  [`jobId=${first?.jobId ?? ''}`, `job_id = '${first?.jobId ?? ''}'`],
  [`parentId=${child?.parentId ?? ''}`, `parent_session_id = '${child?.parentId ?? ''}'`],
  ['computer=PC-1', `computer = 'PC-1'`],
  ['computer=PC-1&computer=PC%20-%203', `computer in ('PC-1', 'PC - 3')`],
  [
    `computer=PC-1&computer=PC%20-%203&${awkwardNames.map((name) => `job=${encodeURIComponent(`${name} - PC-1`)}`).join('&')}`,
    `computer in ('PC-1', 'PC - 3') and job_name in (${awkwardNames.map((name) => quoted(`${name} - PC-1`)).join(', ')})`,
  ],
  ['kind=computer', `kind = 'computer'`],
  ['kind=job&kind=other', `kind <> 'computer'`],
  ['outcome=failed', `outcome = 'failed'`],
  ['outcome=running&outcome=unknown', `outcome in ('running', 'unknown')`],
  ['result=Success', `result = 'Success'`],
  ['result=Sideways&result=None', `result in ('Sideways', 'None')`],
  ['state=Hibernating', `state = 'Hibernating'`],
  ['jobType=AgentFuture', `job_type = 'AgentFuture'`],
  ['isRetry=true', 'is_retry'],
  ['isRetry=false', 'not is_retry'],
  ['createdFrom=2026-10-05T01:03:07.123456Z', `created_at >= '2026-10-05 01:03:07.123456+00'`],
  ['createdTo=2026-10-05T01:03:07.123456Z', `created_at < '2026-10-05 01:03:07.123456+00'`],
  ['createdFrom=2026-10-05T03:03:07.123456%2B02:00', `created_at >= '2026-10-05 03:03:07.123456+02'`],
  ['createdFrom=2026-10-05T01:03Z', `created_at >= '2026-10-05 01:03:00+00'`],
  ['createdFrom=2026-10-06', `created_at >= '2026-10-06 00:00+00'`],
  ['endedFrom=2026-10-05T02:00:58Z', `ended_at >= '2026-10-05 02:00:58+00'`],
  ['endedTo=2026-10-05T02:00:58Z', `ended_at < '2026-10-05 02:00:58+00'`],
  ['search=', 'true'],
  ['search=%25_', `position('%_' in session_name || coalesce(computer, '') || server_name) > 0`],
];

async function expected(where: string): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `select session_id as id from report.sessions where ${where} order by created_at, session_id`,
  );
  return rows.map(({ id }) => id);
}

describe('filters', () => {
  it.each(filters.map(([query, where]) => ({ name: query.slice(0, 50), query, where })))(
    '$name',
    async ({ query, where }) => {
      const ids = await expected(where);
      const upwards = await walk(api, `/api/v1/sessions?${query}&sort=createdAt`, 23);
      expect(upwards.map(({ sessionId }) => sessionId)).toEqual(ids);
      const downwards = await walk(api, `/api/v1/sessions?${query}`, 23);
      expect(downwards.map(({ sessionId }) => sessionId)).toEqual(ids.toReversed());
      const { page } = (await (
        await api.ask(`/api/v1/sessions?${query}&limit=1&count=exact`)
      ).json()) as Page;
      expect(page.count).toBe(ids.length);
    },
  );

  it('mean AND when they are several', async () => {
    for (const [index, [query, where]] of filters.entries()) {
      const [other, otherWhere] = filters[(index * 7 + 11) % filters.length] ?? ['', ''];
      const names = new Set(query.split('&').map((part) => part.split('=')[0]));
      if (other.split('&').some((part) => names.has(part.split('=')[0]))) continue;
      const { page } = (await (
        await api.ask(`/api/v1/sessions?${query}&${other}&limit=1&count=exact`)
      ).json()) as Page;
      expect([query, other, page.count]).toEqual([
        query,
        other,
        (await expected(`(${where}) and (${otherWhere})`)).length,
      ]);
    }
  });
});

it('shows every column of report.sessions, exact to the microsecond', async () => {
  const rows = await walk(api, '/api/v1/sessions?sort=createdAt', 1_000);
  const time = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  const columns = (
    await database.query<{ name: string; type: string }>(
      `select column_name as name, data_type as type from information_schema.columns
       where table_schema = 'report' and table_name = 'sessions' order by ordinal_position`,
    )
  ).map(({ name, type }) => `${type.startsWith('timestamp') ? time(name) : name} as ${name}`);
  const stored = await database.query(
    `select to_jsonb(row) as row from (select ${columns.join(', ')} from report.sessions order by created_at, session_id) as row`,
  );
  const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  expect(
    rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [snake(name), value]))),
  ).toEqual(stored.map(({ row }) => row));
});

it('walks each row once while rows are written', async () => {
  const before = (await expected('true')).length;
  const ids: unknown[] = [];
  let cursor: string | null = '';
  for (let page = 0; cursor !== null; page += 1) {
    const answer = await api.ask(
      `/api/v1/sessions?sort=createdAt&limit=20${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    const body = (await answer.json()) as Page;
    ids.push(...body.data.map(({ sessionId }) => sessionId));
    cursor = body.page.nextCursor;
    // One before the position, one after all, and one at the very time of the last row seen.
    await database.query(
      `insert into sessions (source_id, session_id, session_name, kind, is_retry, created_at)
       select 1, gen_random_uuid(), 'written meanwhile', 'other', false, at
       from unnest(array['2020-01-01'::timestamptz, '2030-01-01', $1::timestamptz]) as at`,
      [body.data.at(-1)?.['createdAt']],
    );
    if (page > 100) throw new Error('the walk never ends');
  }
  await database.query(`delete from sessions where session_name = 'written meanwhile'`);
  expect(new Set(ids).size).toBe(ids.length);
  const known = new Set(await expected('true'));
  expect(ids.filter((id) => known.has(String(id)))).toHaveLength(before);
});

it('shows a session with its parent, children and tasks', async () => {
  const [parent] = await database.query<{ id: string }>(
    `select parent_session_id as id from report.session_links as link where parent_known and exists (
       select from report.tasks as task join report.session_links as child on child.child_session_id = task.session_id
       where child.parent_session_id = link.parent_session_id
     ) limit 1`,
  );
  const whole = (await (await api.ask(`/api/v1/sessions/${parent?.id ?? ''}`)).json()) as {
    children: { sessionId: string; computer: string }[];
    parent: unknown;
  };
  expect([whole.children.length, whole.parent]).toEqual([2, null]);
  const part = (await (await api.ask(`/api/v1/sessions/${whole.children[0]?.sessionId ?? ''}`)).json()) as {
    parent: { sessionId: string };
    tasks: { sessionId: string; taskId: string; reason: unknown }[];
  };
  expect(part.parent.sessionId).toBe(parent?.id);
  expect(part.tasks).toHaveLength(1);
  const missing = await api.ask('/api/v1/sessions/00000000-0000-4000-8000-000000000000');
  expect([missing.status, missing.headers.get('content-type')]).toEqual([
    404,
    'application/problem+json; charset=utf-8',
  ]);
});

it.each(
  [
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=5&limit=6', 'limit'],
    ['sort=name', 'sort'],
    ['cursor=nonsense', 'cursor'],
    ['count=some', 'count'],
    ['format=xls', 'format'],
    ['kind=Computer', 'kind'],
    ['jobId=123', 'jobId'],
    ['isRetry=maybe', 'isRetry'],
    ['createdFrom=2026-02-30', 'createdFrom'],
    ['createdFrom=0000-01-01', 'createdFrom'],
    ['createdFrom=2026-01-01&createdFrom=2026-01-02', 'createdFrom'],
    ['search=%00', 'search'],
    [`search=${'x'.repeat(10_001)}`, 'search'],
    ['outcme=failed', 'outcme'],
    ['__proto__=1', '__proto__'],
  ].map(([query = '', parameter]) => ({ name: query.slice(0, 50), query, parameter })),
)('refuses $name and names the parameter', async ({ query, parameter }) => {
  const answer = await api.ask(`/api/v1/sessions?${query}`);
  const body = (await answer.json()) as { status: number; type: string; errors: { parameter: string }[] };
  expect([answer.status, answer.headers.get('content-type'), body.status, body.type]).toEqual([
    400,
    'application/problem+json; charset=utf-8',
    400,
    '/problems/invalid-parameter',
  ]);
  expect(body.errors.map((error) => error.parameter)).toEqual([parameter]);
  expect((await api.ask(body.type)).status).toBe(200);
});

it('refuses a cursor of another order or list', async () => {
  const { page } = (await (await api.ask('/api/v1/sessions?limit=1')).json()) as Page;
  for (const address of [
    `/api/v1/sessions?sort=createdAt&cursor=${page.nextCursor ?? ''}`,
    `/api/v1/sync-runs?cursor=${page.nextCursor ?? ''}`,
  ])
    expect((await api.ask(address)).status).toBe(400);
});

it('takes 10 kB of input, and refuses what is beyond reason without falling over', async () => {
  expect((await api.ask(`/api/v1/sessions?search=${'%F0%9F%92%BE'.repeat(2_500)}`)).status).toBe(200);
  expect((await api.ask(`/api/v1/sessions?search=${'x'.repeat(70_000)}`)).status).toBe(431);
  expect((await api.ask('/api/v1/sessions?search=%ff')).status).toBe(400);
  expect((await api.ask('/api/v1/computers/%ff')).status).toBe(400);
  expect((await api.ask('/api/v1/nothing')).status).toBe(404);
  expect((await api.ask(`/api/v1/computers/${'n'.repeat(9_000)}`)).status).toBe(404);
  const fat = await api.ask('/api/v1/sources/em/sync', { method: 'POST', body: 'x'.repeat(100_000) });
  expect(fat.status).toBe(413);
});

it('shows a computer whatever its name', async () => {
  const name = '長い 💾/%_\\'.repeat(500);
  await database.query(
    `insert into sessions (source_id, session_id, session_name, kind, is_retry, created_at, ended_at, computer, state, result)
     values (1, gen_random_uuid(), 'long', 'computer', false, '2026-10-05', '2026-10-05', $1, 'Stopped', 'Success')`,
    [name],
  );
  await rebuildDerived(database.url);
  const answer = await api.ask(`/api/v1/computers/${encodeURIComponent(name)}`);
  expect([answer.status, ((await answer.json()) as { computer?: string }).computer]).toEqual([200, name]);
  await database.query(`delete from sessions where session_name = 'long'`);
  await rebuildDerived(database.url);
});

it('pages through the days of jobs and servers without a name', async () => {
  await database.query(
    `insert into sessions (source_id, session_id, session_name, kind, is_retry, created_at, job_id, job_name, server_name)
     select 1, gen_random_uuid(), 'nameless', 'other', false, '2031-01-01', job_id, job_name, server_name
     from unnest(array[null, '00000000-0000-0000-0000-000000000000'::uuid]) as job_id, unnest(array[null, '']) as job_name,
       unnest(array[null, '']) as server_name`,
  );
  const address = '/api/v1/reports/daily-outcomes?dayFrom=2031-01-01';
  const rows = await walk(api, address, 1);
  expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(8);
  expect(rows).toEqual(await walk(api, address, 100));
  await database.query(`delete from sessions where session_name = 'nameless'`);
});

it('searches in names, not across them', async () => {
  const answer = await api.ask('/api/v1/sessions?search=%01');
  expect([answer.status, ((await answer.json()) as Page).data]).toEqual([200, []]);
});

it('says which methods an address has', async () => {
  for (const [address, allowed] of [
    ['/api/v1/sessions', 'GET, HEAD'],
    ['/api/v1/computers/PC-1', 'GET, HEAD'],
    ['/api/v1/sources/em/sync', 'POST'],
  ] as const) {
    const answer = await api.ask(address, { method: 'DELETE', body: '{"a"' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allowed]);
  }
});

it('marks no problem with an ETag that would hide what is stored later', async () => {
  const address = '/api/v1/sessions/00000000-0000-4000-8000-000000000000';
  const answer = await api.ask(address, { headers: { 'if-none-match': '*' } });
  expect([answer.status, answer.headers.get('etag')]).toEqual([404, null]);
});

it('gives up a question whose client hangs up', async () => {
  const waiting = () =>
    database.query(
      `select from pg_stat_activity
       where datname = current_database() and application_name = 'session-history api' and wait_event_type = 'Lock'`,
    );
  const leaving = new AbortController();
  const locker = new pg.Client({ connectionString: database.url, application_name: 'test' });
  await locker.connect();
  await locker.query('begin; lock table sessions in access exclusive mode');
  const asked = api.ask('/api/v1/sessions?count=exact', { signal: leaving.signal });
  await expect.poll(waiting).toHaveLength(1);
  leaving.abort();
  await expect(asked).rejects.toThrow('aborted');
  await expect.poll(waiting, { timeout: 10_000 }).toEqual([]);
  await locker.end();
  expect(api.service.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
});

it('writes no second answer into one under way', async () => {
  const { hostname, port } = new URL(api.url);
  const socket = net.connect(Number(port), hostname);
  socket.write('GET /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\n\r\nnonsense\r\n\r\n');
  expect(await text(socket)).not.toContain('400');
});

it('says 304 until something was synced', async () => {
  const fresh = await api.ask('/api/v1/sessions?outcome=failed');
  const tag = fresh.headers.get('etag') ?? '';
  const again = () =>
    api.ask('/api/v1/sessions?outcome=failed', { headers: { 'if-none-match': `"other", ${tag}` } });
  const unchanged = await again();
  expect([unchanged.status, await unchanged.text(), unchanged.headers.get('etag')]).toEqual([304, '', tag]);
  expect((await api.ask('/api/v1/sessions', { headers: { 'if-none-match': tag } })).status).toBe(200);
  // As every commit of a writer does.
  await database.query(`update sources set version = version + 1`);
  const changed = await again();
  expect(changed.status).toBe(200);
  expect(changed.headers.get('etag')).not.toBe(tag);
});

it('counts when asked, and guesses for nothing', async () => {
  const ask = async (count: string) =>
    ((await (await api.ask(`/api/v1/sessions?limit=1&count=${count}`)).json()) as Page).page.count;
  expect(await ask('none')).toBeUndefined();
  expect(await ask('exact')).toBe(history.sessions.length);
  expect(await ask('estimated')).toBeGreaterThan(0);
});
