import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { distributeHistory } from '../../src/db/distribute/distribute-history.ts';
import { migrateDatabase } from '../../src/db/migrate/migrate-database.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { queryDatabase, type QueriedDatabase } from './query-database.ts';

/**
 * Address of the coordinator of a Citus cluster with at least one worker, as a superuser, with the name of a database that has the extension;
 * tests on distributed histories run where it is given.
 */
export const citusUrl = process.env['TEST_CITUS_URL'];

/** A database of its own on every server of the cluster: `plain` without the extension, `empty` with it, else with a distributed history. */
export async function createCitusDatabase(
  state: 'plain' | 'empty' | 'distributed' = 'distributed',
): Promise<QueriedDatabase> {
  if (citusUrl === undefined) throw new Error('TEST_CITUS_URL is not set');
  const name = `session_history_test_${randomBytes(6).toString('hex')}`;
  const coordinator = new URL(citusUrl);
  const workers = await readWorkers(coordinator);
  const servers = state === 'plain' ? [coordinator] : [coordinator, ...workers];
  for (const server of servers)
    await tell(server, [
      'set citus.enable_create_database_propagation = off',
      'set client_min_messages = warning',
      `create database ${name}`,
    ]);
  const url = at(coordinator, name).href;
  if (state !== 'plain') {
    for (const server of servers) await tell(at(server, name), ['create extension citus']);
    await tell(at(coordinator, name), [
      `select citus_set_coordinator_host('${coordinator.hostname}', ${coordinator.port})`,
      ...workers.map(({ hostname, port }) => `select citus_add_node('${hostname}', ${port})`),
    ]);
  }
  if (state === 'distributed') {
    await migrateDatabase(url);
    const database = openDatabase(url, { poolSize: 1 });
    await distributeHistory(database, { signal: new AbortController().signal });
    await database.close();
  }
  return queryDatabase(url, async () => {
    // Citus keeps connections of its own.
    for (const server of servers)
      await tell(server, [
        'set citus.enable_create_database_propagation = off',
        `drop database if exists ${name} with (force)`,
      ]);
  });
}

async function readWorkers(coordinator: URL): Promise<readonly URL[]> {
  const rows = await tell<{ host: string; port: number }>(coordinator, [
    // Roles are the whole server's: one that a plain database's test made here is not known to the workers.
    `select run_command_on_workers(format('do $do$ begin create role %I nologin; exception when duplicate_object or unique_violation then null; end $do$', role))
     from unnest(array['session_history_reader', 'session_history_api']) as role`,
    `select nodename as host, nodeport as port from pg_dist_node where shouldhaveshards and groupid > 0 order by 1, 2`,
  ]);
  return rows.map(({ host, port }) => {
    const worker = new URL(coordinator);
    worker.hostname = host;
    worker.port = String(port);
    return worker;
  });
}

function at(server: URL, database: string): URL {
  const other = new URL(server);
  other.pathname = `/${database}`;
  return other;
}

/** Runs statements in one connection; resolves to the rows of the last. */
async function tell<Row extends pg.QueryResultRow>(
  server: URL,
  statements: readonly string[],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: server.href, application_name: 'test' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    let rows: Row[] = [];
    for (const statement of statements) ({ rows } = await client.query<Row>(statement));
    return rows;
  } finally {
    await client.end();
  }
}
