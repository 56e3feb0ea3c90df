import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rebuildDerived } from '../../../src/db/rebuild-derived.ts';
import { startApi, walk, type RunningApi } from '../../support/start-api.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
let api: RunningApi;

/** Jobs enough that a word in all of them is not asked for job by job, and sessions that are named in ways of their own. */
beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(
    `insert into sources (name, url) values ('one', 'https://one'), ('two', 'https://two')`,
  );
  await database.query(`
    insert into sessions (source_id, session_id, session_name, kind, job_id, job_name, computer, server_name, state, result, is_retry, created_at)
    select number % 2 + 1, gen_random_uuid(),
      format('%s - PC-%s@%s', job, lpad(number::text, 4, '0'), to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')),
      'computer', md5(number::text)::uuid, format('%s - PC-%s', job, lpad(number::text, 4, '0')),
      'PC-' || lpad(number::text, 4, '0'), 'vbr' || number % 3, 'Stopped', 'Success', false, created_at
    from generate_series(1, 150) as number
    cross join lateral (select case number % 4 when 0 then 'Büro' when 1 then 'a@b' when 2 then 'night_100%' else 'Main' end as job) as named
    cross join generate_series(1, 3) as run
    cross join lateral (select timestamptz '2026-03-01 04:05:06+00' + run * interval '1 day' + number * interval '1 minute' as created_at) as at`);
  await database.query(`
    insert into sessions (source_id, session_id, session_name, kind, job_name, computer, server_name, state, result, is_retry, created_at)
    values
      (1, gen_random_uuid(), 'Renamed since@2026-03-02 00:00:00', 'job', 'Main', null, 'vbr0', 'Stopped', 'Success', false, '2026-03-02 00:00+00'),
      (1, gen_random_uuid(), 'Main@yesterday at noon', 'job', 'Main', null, 'vbr0', 'Stopped', 'Success', false, '2026-03-02 00:01+00'),
      (2, gen_random_uuid(), 'Nameless quiz', 'other', null, null, null, 'Stopped', 'Success', false, '2026-03-02 00:02+00'),
      (2, gen_random_uuid(), 'Main@2026-03-02 00:03:00.123456', 'job', 'Main', 'Elsewhere', 'xylophone', 'Stopped', 'Success', false, '2026-03-02 00:03+00')`);
  await database.query(
    `update sessions set computer = 'Moved' where job_name = 'Main - PC-0003' and created_at > '2026-03-04'`,
  );
  await rebuildDerived(database.url);
  await database.query('analyze');
  api = await startApi({ DATABASE_URL: database.url });
});
afterAll(async () => {
  await api.service.stop();
  await database.drop();
});

const words = [
  ...[
    'pc-0003',
    'PC-00',
    'MAIN',
    'büro',
    'BÜRO - pc',
    'vbr1',
    'vbr',
    'moved',
    'elsewhere',
    'xyl',
    'renamed',
    'quiz',
    'noon',
  ],
  ...[
    'q',
    'Q',
    'qq',
    'zz',
    'b',
    'ü',
    '%',
    '_',
    '100%',
    't',
    'z',
    ' ',
    '-',
    '2026',
    '03-02',
    '0003',
    '99',
    '4:05',
  ],
  ...[
    '@',
    'a@b',
    'A@B - PC-0001@',
    'main@2026-03-0',
    '03@2026-03-02 04',
    '@2026-03-02',
    '@y',
    'since@2026',
    'n@ye',
    'b - pc-0005@2026',
  ],
];

describe('search', () => {
  it.each(words)('finds every session with %j in a name, and no other', async (word) => {
    const expected = await database.query<{ id: string }>(
      `select session_id as id from report.sessions
       where ${['session_name', 'job_name', 'computer', 'server_name']
         .map((column) => `position(lower('${word}') in lower(coalesce(${column}, ''))) > 0`)
         .join(' or ')}
       order by created_at, session_id`,
    );
    const ids = expected.map(({ id }) => id);
    const query = `/api/v1/sessions?search=${encodeURIComponent(word)}`;
    for (const limit of [7, 1_000])
      expect((await walk(api, `${query}&sort=createdAt`, limit)).map((row) => row['sessionId'])).toEqual(ids);
    const downwards = await walk(api, `${query}&source=one&source=two`, 40);
    expect(downwards.map((row) => row['sessionId'])).toEqual(ids.toReversed());
  });
});

it('finds what was written by hand, after a rebuild', async () => {
  const names = () => database.query('select * from session_names order by source_id, name_key');
  const before = await names();
  await database.query('delete from session_names');
  await rebuildDerived(database.url);
  const after = await names();
  expect(after.length).toBeGreaterThan(100);
  expect(before).toEqual(after);
});
