import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { fastify } from 'fastify';
import pg from 'pg';
import { parseQuestion } from '../../../src/query/parse-question.ts';
import { sessions } from '../../../src/query/resources/sessions.ts';
import { buildQuery, type Query } from '../../../src/query/sql/build-query.ts';
import { readHints } from '../../../src/query/sql/query-hints.ts';

// The same SQL behind fastify with `pg` and nothing else: no key, no rate limit, no ETag. What has to be looked up or worked
// out for the SQL is so once for each address. Argument: database.
const pool = new pg.Pool({ connectionString: process.argv[2], max: 12 });
const app = fastify();
const known = new Map<string, Query>();
app.get('/api/v1/sessions', async (request) => {
  const query = known.get(request.url) ?? (await prepare(request.url, request.query));
  const { rows } = await pool.query<Record<string, unknown>>(query.text, [...query.values]);
  return { data: rows };
});
await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}\n`);
process.on('SIGTERM', () => process.exit(0));

async function prepare(url: string, given: unknown): Promise<Query> {
  const parsed = parseQuestion(sessions, given as Record<string, string>);
  if ('problems' in parsed) throw new Error('bad question');
  const client = await pool.connect();
  const hints = await readHints(client, parsed.question);
  client.release();
  const query = buildQuery(sessions, parsed.question, (parsed.question.limit ?? 100) + 1, hints);
  known.set(url, query);
  return query;
}
