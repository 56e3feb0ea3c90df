import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startEmDouble, type EmDouble } from '../support/em-double.ts';
import { syncOnce } from '../support/sync-once.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

// The list exactly as the vendor's documentation page prints it, padded attribute values included.
const page = readFileSync(new URL('../fixtures/starting-page.xml', import.meta.url), 'utf8');

let em: EmDouble;
let database: TestDatabase;

beforeAll(async () => {
  em = await startEmDouble();
  database = await createTestDatabase();
  em.intercept = (request, response) => {
    if (request.url?.startsWith('/api/agents/backupSessions') !== true) return false;
    response.writeHead(200, { 'Content-Type': 'application/xml' }).end(page);
    return true;
  };
});

afterAll(async () => {
  await em.close();
  await database.drop();
});

it('stores the five sessions of the page the project started from', async () => {
  const report = await syncOnce(em.url, database.url);
  expect(report).toMatchObject({
    status: 'succeeded',
    form: 'reference',
    listed: 5,
    new: 5,
    missing: 0,
    error: null,
  });

  const sessions = await database.query(
    `select session_id, session_name, kind, job_id, job_name, computer, parent_session_id, server_id, server_name, outcome,
       to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as created
     from report.sessions order by created_at`,
  );
  const server = {
    server_id: '8c88c6d6-931f-4044-8c0b-7a0c5f188b00',
    server_name: 'local.host',
    outcome: 'unknown',
  };
  const sql = {
    job_id: '95f84a48-6e05-459a-8f26-f2330c9efdf5',
    job_name: 'Agent Backup Job SQL',
    kind: 'job',
    computer: null,
    parent_session_id: null,
  };
  const child = {
    job_id: 'a1e698f3-282c-484c-b942-e42c5c77449a',
    job_name: 'Agent Backup rhel72 lvm - rhel72',
    kind: 'computer',
    computer: 'rhel72',
  };
  expect(sessions).toEqual([
    {
      ...server,
      ...sql,
      session_id: '8293f9f3-7cc8-4023-85c4-022438415420',
      session_name: 'Agent Backup Job SQL@2018-12-16 03:00:03',
      created: '2018-12-16 03:00:03.000000',
    },
    {
      ...server,
      ...sql,
      job_id: '4dc5d947-9c23-4e1b-976a-ee5911f6a996',
      job_name: 'Agent Backup rhel72 lvm',
      session_id: 'fc98d417-63c6-432e-8378-017eb33b51f3',
      session_name: 'Agent Backup rhel72 lvm@2018-12-16 05:00:00',
      created: '2018-12-16 05:00:00.000000',
    },
    {
      ...server,
      ...child,
      parent_session_id: '3b4fd6a2-bda4-422c-a0a0-c2ae1a8ce5cd',
      session_id: '1e036782-9084-42e5-97c5-0230250a1bd4',
      session_name: 'Agent Backup rhel72 lvm - rhel72@2018-12-16 08:00:16',
      created: '2018-12-16 08:00:16.000000',
    },
    {
      ...server,
      ...child,
      parent_session_id: 'addf6ac2-89d9-4f5c-b90b-2e63f84ac3da',
      session_id: 'b0b3b4d5-fcfd-429c-928f-01a52ddfe560',
      session_name: 'Agent Backup rhel72 lvm - rhel72@2018-12-16 10:00:08',
      created: '2018-12-16 10:00:08.000000',
    },
    {
      ...server,
      ...sql,
      session_id: '8ba90554-4cb0-4979-b4cc-00887fcd1caa',
      session_name: 'Agent Backup Job SQL@2018-12-20 14:30:29',
      created: '2018-12-20 14:30:29.000000',
    },
  ]);
  expect(await database.query('select distinct parent_known from report.session_links')).toEqual([
    { parent_known: false },
  ]);
  expect(await database.query('select server_name from report.servers')).toEqual([
    { server_name: 'local.host' },
  ]);
  expect(await database.query('select job_name, kind from report.jobs order by 1')).toEqual([
    { job_name: 'Agent Backup Job SQL', kind: 'job' },
    { job_name: 'Agent Backup rhel72 lvm', kind: 'job' },
    { job_name: 'Agent Backup rhel72 lvm - rhel72', kind: 'computer' },
  ]);
});
