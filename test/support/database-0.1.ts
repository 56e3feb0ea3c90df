import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

const folder = new URL('../fixtures/schema-0.1/', import.meta.url);
const migrations = readdirSync(folder)
  .sort()
  .map((file) => ({ name: file.replace('.sql', ''), script: readFileSync(new URL(file, folder), 'utf8') }));

/** A database as version 0.1.0 left it, without rows; `until` stops before the migration of that name. */
export async function createDatabase01(until?: string): Promise<TestDatabase> {
  const database = await createTestDatabase({ empty: true });
  await database.query(
    `create table _prisma_migrations (
       id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
       migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
       started_at timestamptz not null default now(), applied_steps_count integer not null default 0
     )`,
  );
  for (const { name, script } of migrations.filter((one) => until === undefined || one.name < until)) {
    await database.query(script);
    await database.query(
      `insert into _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
       values ($1, $2, clock_timestamp(), $3, 1)`,
      [randomUUID(), createHash('sha256').update(script).digest('hex'), name],
    );
  }
  return database;
}
