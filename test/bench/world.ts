import { mkdtempSync, chmodSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/start-embedded-postgres.ts';
import { fileOf, program, runMeasured } from './run-measured.ts';

/** PostgreSQL with a migrated template, and databases made of it. */
export type World = {
  readonly version: string;
  /** An empty history, fresh from the template or from another database. */
  cloneDatabase(from?: string): Promise<string>;
  /** A history of about that many sessions, made once. */
  filledDatabase(sessions: number): Promise<string>;
  close(): Promise<void>;
};

const prefix = `session_history_bench_${process.pid}`;

export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(path.join(tmpdir(), 'session-history-bench-'));
  chmodSync(folder, 0o755);
  const given = process.env['BENCH_DATABASE_URL'];
  const embedded = given === undefined ? await startEmbeddedPostgres(folder) : undefined;
  const server = new pg.Client({ connectionString: given ?? embedded?.url });
  await server.connect();
  const urlOf = (name: string) => {
    const url = new URL(given ?? embedded?.url ?? '');
    url.pathname = `/${name}`;
    return url.href;
  };
  const template = `${prefix}_template`;
  await server.query(`create database ${template}`);
  await runMeasured(program, ['migrate'], { DATABASE_URL: urlOf(template) });
  let made = 0;
  const cloneDatabase = async (from = template) => {
    const name = `${prefix}_${made}`;
    made += 1;
    await server.query(`create database ${name} template ${from}`);
    return urlOf(name);
  };
  const { rows } = await server.query<{ version: string }>(
    "select current_setting('server_version') as version",
  );
  return {
    version: rows[0]?.version ?? '',
    cloneDatabase,
    filledDatabase: async (sessions) => {
      const url = await cloneDatabase();
      await fill(url, sessions);
      await runMeasured(program, ['migrate', '--rebuild'], { DATABASE_URL: url });
      return url;
    },
    close: async () => {
      const all = await server.query<{ name: string }>(
        'select datname as name from pg_database where starts_with(datname, $1)',
        [prefix],
      );
      for (const { name } of all.rows) await server.query(`drop database ${name} with (force)`);
      await server.end();
      await embedded?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const daysPerComputer = 1_826;

/** Runs fill-history.sql, whose variables psql would fill in. */
async function fill(url: string, sessions: number): Promise<void> {
  const values: Readonly<Record<string, number>> = {
    sources: 5,
    computers: Math.max(1, Math.round(sessions / (5 * daysPerComputer * 1.07))),
    days: daysPerComputer,
  };
  const sql = readFileSync(fileOf('fill-history.sql'), 'utf8')
    .replaceAll(/^\\.*$/gm, '')
    .replaceAll(/(?<!:):([a-z]+)\b/g, (all, name: string) => String(values[name] ?? all));
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const [body = ''] = sql.split(/^vacuum/m);
  await client.query(body);
  await client.query('vacuum (analyze)');
  await client.end();
}

/** Runs one statement and returns its rows. */
export async function ask<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
