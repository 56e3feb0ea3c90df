import { mkdtempSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import pg from 'pg';
import { makeRows } from './session-rows.ts';

// The same rows by COPY, from files of the server's, into the same tables with their indexes and triggers as they are, in one
// transaction: sessions and listed records. Arguments: database, how many rows.
const [url = '', count = '1000'] = process.argv.slice(2);
const rows = makeRows(Number(count));
const folder = mkdtempSync(path.join(tmpdir(), 'session-history-bench-'));
chmodSync(folder, 0o755);
const file = (name: string, lines: readonly (readonly (string | number | boolean | null)[])[]) => {
  const whole = path.join(folder, name);
  writeFileSync(whole, lines.map((line) => `${line.map((one) => one ?? '\\N').join('\t')}\n`).join(''), {
    mode: 0o644,
  });
  return whole;
};
const tables = {
  'sessions (source_id, session_id, session_name, kind, job_type, job_id, job_name, server_id, server_name, state, result, is_retry, created_at, ended_at, progress, parent_session_id, computer, fingerprint)':
    rows.map(({ session: one, computer, fingerprint }) => [
      1,
      one.id,
      one.name,
      one.kind,
      one.jobType,
      one.jobId,
      one.jobName,
      one.serverId,
      one.serverName,
      one.state,
      one.result,
      one.isRetry,
      one.createdAt,
      one.endedAt,
      one.progress,
      one.parentId,
      computer,
      fingerprint,
    ]),
};
const files = Object.entries(tables).map(([table, lines]) => ({
  table,
  whole: file(table.replace(/ .*/, ''), lines),
}));
const client = new pg.Client({ connectionString: url });
await client.connect();
await client.query(`insert into sources (id, name, url) values (1, 'em', 'http://em')`);
const startedAt = performance.now();
await client.query('begin');
for (const { table, whole } of files) await client.query(`copy ${table} from '${whole}'`);
await client.query('commit');
process.stdout.write(JSON.stringify({ writingMs: performance.now() - startedAt }));
await client.end();
rmSync(folder, { recursive: true });
process.exit(0);
