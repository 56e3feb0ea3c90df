import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/embedded-postgres/start-embedded-postgres.ts';
import { migrateDatabase } from '../../src/db/migrate/migrate-database.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { partitionHistory } from '../../src/db/partition/partition-history.ts';
import { endLeftProcesses } from './leaks.ts';

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- declaration merging needs an interface
  interface ProvidedContext {
    /** Address of the test server, with the name of a migrated database to clone; that name begins all others of the run. */
    databaseServer: { readonly url: string; readonly template: string };
    /** For what tests write; removed after the run. */
    runFolder: string;
  }
}

/**
 * One PostgreSQL for the whole run (TEST_DATABASE_URL, or the embedded one) with one migrated database to clone, in partitions where
 * TEST_PARTITIONS says how many. The run fails at its end when a test left a process running.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const runFolder = mkdtempSync(path.join(roomInMemory() ?? tmpdir(), 'session-history-test-'));
  const testsFolder = path.join(runFolder, 'tests');
  const serverFolder = path.join(runFolder, 'server');
  for (const folder of [testsFolder, serverFolder]) mkdirSync(folder);
  // PostgreSQL has to get in under another account when this is root.
  for (const folder of [runFolder, testsFolder, serverFolder]) chmodSync(folder, 0o755);
  const template = `session_history_test_${process.pid}`;
  let embedded: EmbeddedPostgres | undefined;
  let server: pg.Client | undefined;
  const teardown = async () => {
    const leaks = [...endLeftProcesses(testsFolder)];
    try {
      if (server !== undefined) await dropDatabases(server, template);
      await server?.end();
      await embedded?.stop();
      leaks.push(...endLeftProcesses(serverFolder));
    } finally {
      rmSync(runFolder, { recursive: true, force: true, maxRetries: 5 });
    }
    if (leaks.length === 0) return;
    // Vitest prints what a teardown throws, and then reports success all the same.
    process.exitCode = 1;
    throw new Error(`The tests left running:\n${leaks.join('\n')}`);
  };
  try {
    const given = process.env['TEST_DATABASE_URL'];
    if (given === undefined) embedded = await startEmbeddedPostgres(serverFolder);
    const url = given ?? embedded?.url ?? '';
    server = new pg.Client({ connectionString: url, application_name: 'test run' });
    await server.connect();
    if (embedded !== undefined) await sacrificeDurability(server);
    await server.query(`create database ${template}`);
    await migrateDatabase(onServer(url, template));
    const partitions = Number(process.env['TEST_PARTITIONS'] ?? 1);
    if (partitions > 1) await split(onServer(url, template), partitions);
    project.provide('databaseServer', { url, template });
    project.provide('runFolder', testsFolder);
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}

const neededBytes = 6 * 2 ** 30;

/**
 * Linux' file system in memory, where there is room for a run. A database is some 350 files, each test has its own, and disks
 * with a journal take milliseconds a file.
 */
function roomInMemory(): string | undefined {
  const folder = '/dev/shm';
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= neededBytes ? folder : undefined;
  } catch {
    return undefined;
  }
}

async function split(url: string, partitions: number): Promise<void> {
  const database = openDatabase(url, { poolSize: 1 });
  try {
    await partitionHistory(database, { partitions, signal: new AbortController().signal });
  } finally {
    await database.close();
  }
}

/** Nothing here has to survive a power cut, and waiting for disks is most of what small tests would do. */
async function sacrificeDurability(server: pg.Client): Promise<void> {
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes'])
    await server.query(`alter system set ${setting} = off`);
  await server.query('select pg_reload_conf()');
}

async function dropDatabases(server: pg.Client, prefix: string): Promise<void> {
  const { rows } = await server.query<{ name: string }>(
    'select datname as name from pg_database where starts_with(datname, $1)',
    [prefix],
  );
  for (const { name } of rows) await server.query(`drop database if exists ${name} with (force)`);
}

function onServer(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}
