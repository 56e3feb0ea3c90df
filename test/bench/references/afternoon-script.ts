import process from 'node:process';
import pg from 'pg';
import { logOn, parseDocument, type Row } from './document.ts';

/**
 * An honest afternoon's work, as a reference: fetch the list, parse the whole document, compare with what the database has, upsert
 * what differs row by row with a prepared statement in transactions of 500. One keep-alive connection to each side. It keeps
 * one row a session and nothing else: no links, no run log, no proof. Arguments: URL, database, form.
 */
const [url = '', database = '', form = 'entity'] = process.argv.slice(2);

const columns =
  'session_id, session_name, job_type, job_id, job_name, parent_id, server_id, server_name, created_at, ended_at, state, result, progress, is_retry';
const client = new pg.Client({ connectionString: database });
await client.connect();
await client.query(`create table if not exists afternoon (
  session_id uuid primary key, session_name text, job_type text, job_id uuid, job_name text, parent_id uuid, server_id uuid,
  server_name text, created_at timestamptz, ended_at timestamptz, state text, result text, progress integer, is_retry boolean
)`);
await client.query('create index if not exists afternoon_created_at on afternoon (created_at)');
await client.query('create index if not exists afternoon_job on afternoon (job_id, created_at)');

const get = await logOn(url);
const listed = parseDocument(await get(`/agents/backupSessions${form === 'entity' ? '?format=Entity' : ''}`));
const known = new Map<string, string>();
const stored = await client.query<{ id: string; content: string }>(
  "select session_id as id, concat_ws('|', state, result, progress, ended_at is null) as content from afternoon",
);
for (const row of stored.rows) known.set(row.id, row.content);
const contentOf = (row: Row) =>
  [row.state, row.result, row.progress, row.ended === null ? 't' : 'f'].join('|');
const isNews =
  form === 'entity' ? (row: Row) => known.get(row.id) !== contentOf(row) : (row: Row) => !known.has(row.id);
const news = listed.filter(isNews);

const write = {
  name: 'upsert',
  text: `insert into afternoon (${columns}) values (${columns
    .split(',')
    .map((_, index) => `$${index + 1}`)
    .join(', ')})
    on conflict (session_id) do update set (${columns}) = row(${columns.replace(/\w+/g, 'excluded.$&')})`,
};
const inFlight = 4;
for (let at = 0; at < news.length; at += 500) {
  const rows = form === 'entity' ? news.slice(at, at + 500) : await readById(news.slice(at, at + 500));
  await client.query('begin');
  for (const row of rows) {
    const values = [
      row.id,
      row.name,
      row.jobType,
      row.jobId,
      row.jobName,
      row.parentId,
      row.serverId,
      row.serverName,
      row.created,
      row.ended,
      row.state,
      row.result,
      row.progress,
      row.isRetry,
    ];
    await client.query({ ...write, values });
  }
  await client.query('commit');
}
await client.end();
process.stdout.write(`${JSON.stringify({ listed: listed.length, written: news.length })}\n`);
process.exit(0);

async function readById(references: readonly Row[]): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const queue = [...references];
  const work = async () => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop())
      rows.push(...parseDocument(await get(`/backupSessions/${next.id}?format=Entity`)));
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return rows;
}
