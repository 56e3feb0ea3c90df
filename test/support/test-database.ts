import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { createCitusDatabase } from './citus-database.ts';
import { queryDatabase, type QueriedDatabase } from './query-database.ts';

export type TestDatabase = QueriedDatabase;

/** A database of its own: a clone of the migrated template, or an empty one. */
export async function createTestDatabase(options: { readonly empty?: boolean } = {}): Promise<TestDatabase> {
  // Slow: each is distributed anew.
  if (process.env['TEST_DISTRIBUTED'] !== undefined)
    return createCitusDatabase(options.empty === true ? 'empty' : 'distributed');
  const { url: serverUrl, template } = inject('databaseServer');
  const name = `${template}_${randomBytes(6).toString('hex')}`;
  await tellServer(
    serverUrl,
    `create database ${name} template ${options.empty === true ? 'template1' : template}`,
  );
  const address = new URL(serverUrl);
  address.pathname = `/${name}`;
  // Without force: a connection that the code under test forgot to close fails the test that has it.
  return queryDatabase(address.href, () => tellServer(serverUrl, `drop database if exists ${name}`));
}

async function tellServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'test' });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
