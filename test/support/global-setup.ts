import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/storage/embedded/start-embedded-postgres.ts';
import { migrateDatabase } from '../../src/storage/migrate.ts';

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- declaration merging needs an interface
  interface ProvidedContext {
    /** Address of the test server, with the name of a migrated database to clone. */
    databaseServer: { readonly url: string; readonly template: string };
  }
}

/** One PostgreSQL for the whole run (TEST_DATABASE_URL, or the embedded one) with one migrated database to clone. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_DATABASE_URL'];
  const folder = given === undefined ? mkdtempSync(path.join(tmpdir(), 'session-history-test-')) : undefined;
  const embedded = folder === undefined ? undefined : await startEmbeddedPostgres(folder);
  const url = given ?? embedded?.url ?? '';
  const template = `session_history_template_${process.pid}`;
  await administer(url, `create database ${template}`);
  await migrateDatabase(onServer(url, template));
  project.provide('databaseServer', { url, template });
  return async () => {
    await administer(url, `drop database if exists ${template} with (force)`);
    await embedded?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function onServer(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}
