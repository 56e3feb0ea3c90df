import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { fastify } from 'fastify';
import pg from 'pg';
import { parseQuestion } from '../../../src/query/parse-question.ts';
import { sessions } from '../../../src/query/resources/sessions.ts';
import { buildQuery } from '../../../src/storage/queries/build-query.ts';
import { noHints } from '../../../src/storage/queries/hints.ts';

// The same SQL behind fastify with `pg` and nothing else: no key, no rate limit, no ETag. Argument: database.
const pool = new pg.Pool({ connectionString: process.argv[2], max: 8 });
const app = fastify();
app.get('/api/v1/sessions', async (request) => {
  const parsed = parseQuestion(sessions, request.query as Record<string, string>);
  if ('problems' in parsed) throw new Error('bad question');
  const hints = noHints;
  const { text, values } = buildQuery(sessions, parsed.question, (parsed.question.limit ?? 100) + 1, hints);
  const { rows } = await pool.query<Record<string, unknown>>(text, [...values]);
  return { data: rows };
});
await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}\n`);
process.on('SIGTERM', () => process.exit(0));
