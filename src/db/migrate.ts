import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { SyncError } from '../domain/sync-error.ts';
import { adviseOnRefusal } from './advise-on-refusal.ts';
import { classifyDatabaseError } from './classify-database-error.ts';
import { connectClient } from './connect-client.ts';
import { openPool } from './open-pool.ts';

const migrationsFolder = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

/** Any number that no other program on the same database is likely to use: "sess" in ASCII. */
const migrationLock = 0x73657373;

/** The lock of Prisma's engine: it belongs to the connection that runs the scripts. */
const engineLock = 72_707_369;

/**
 * Brings the database to this version with Prisma's migration engine and returns the names applied, none when it was
 * up to date. Any number of processes may start it at once: one works under an advisory lock, the others wait.
 * Throws SyncError `permanent` when a migration fails or the database belongs to a newer version.
 */
export async function migrateDatabase(databaseUrl: string): Promise<{ readonly applied: readonly string[] }> {
  const known = await listMigrations();
  const lockHolder = await connectClient(databaseUrl, 'session-history migrate');
  try {
    // Nearly every start finds nothing to do and is spared the lock and the engine's start-up.
    if (await isUpToDate(lockHolder, known)) return { applied: [] };
    await lockHolder.query('select pg_advisory_lock($1)', [migrationLock]);
    // A process that was killed leaves its script running in the server, maybe for minutes; the engine would wait ten seconds.
    await lockHolder.query('select pg_advisory_lock($1)', [engineLock]);
    await lockHolder.query('select pg_advisory_unlock($1)', [engineLock]);
    if (await isUpToDate(lockHolder, known)) return { applied: [] };
    return { applied: await applyMigrations(databaseUrl, known) };
  } finally {
    await lockHolder.end();
  }
}

async function listMigrations(): Promise<readonly string[]> {
  const entries = await readdir(migrationsFolder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

async function isUpToDate(client: pg.Client, known: readonly string[]): Promise<boolean> {
  const table = await client.query<{ found: boolean }>(
    `select to_regclass('_prisma_migrations') is not null as found`,
  );
  if (table.rows[0]?.found !== true) return false;
  const applied = await client.query<{ name: string }>(
    `select migration_name as name from _prisma_migrations where finished_at is not null and rolled_back_at is null`,
  );
  const names = new Set(applied.rows.map((row) => row.name));
  const foreign = [...names].filter((name) => !known.includes(name));
  if (foreign.length > 0) {
    throw new SyncError(
      'permanent',
      `The database has migrations this version does not know (${foreign.join(', ')}). ` +
        'It was opened by a newer session-history: install that version or a later one.',
    );
  }
  return known.every((name) => names.has(name));
}

async function applyMigrations(databaseUrl: string, known: readonly string[]): Promise<readonly string[]> {
  const scripts = new Map<string, string>();
  for (const name of known) {
    scripts.set(await readFile(path.join(migrationsFolder, name, 'migration.sql'), 'utf8'), name);
  }
  const pool = openPool(
    { connectionString: databaseUrl, max: 2, application_name: 'session-history migrate' },
    () => undefined,
  );
  let scriptFailure: Error | undefined;
  try {
    const { openSchemaEngine } = await import('./schema-engine.ts');
    const engine = await openSchemaEngine(pool, scripts, (error) => {
      scriptFailure = error;
    });
    const migrationsList = {
      baseDir: migrationsFolder,
      lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
      shadowDbInitScript: '',
      migrationDirectories: [...scripts].map(([value, name]) => ({
        path: name,
        migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value } },
      })),
    };
    const filters = { externalTables: [], externalEnums: [] };
    const { failedMigrationNames } = await engine.diagnoseMigrationHistory({
      migrationsList,
      optInToShadowDatabase: false,
      filters,
    });
    // Each script is one transaction, so one that did not finish left nothing behind and can simply be tried again.
    for (const migrationName of failedMigrationNames) await engine.markMigrationRolledBack({ migrationName });
    return (await engine.applyMigrations({ migrationsList, filters })).appliedMigrationNames;
  } catch (error) {
    if (scriptFailure === undefined && String(error).includes('schema is not empty')) {
      throw new SyncError(
        'permanent',
        'DATABASE_URL names a database with tables of something else in it. Give the history one of its own: ' +
          'create database session_history owner session_history;',
        { cause: error },
      );
    }
    // The database went away meanwhile: that passes, and the next try goes on where this one was.
    const failure = classifyDatabaseError(scriptFailure ?? error);
    if (failure.kind === 'transient') throw failure;
    const { message } = scriptFailure ?? (error instanceof Error ? error : new Error(String(error)));
    // The engine adds where in itself it was, on lines of their own.
    const [reason = ''] = message.split('\n');
    const { advice = 'Mend the cause and run `session-history migrate`.' } = adviseOnRefusal([reason]) ?? {};
    throw new SyncError(
      'permanent',
      `The database could not be brought to this version: ${reason}. ` +
        `Nothing was half done: each migration is one transaction. ${advice}`,
      { cause: error },
    );
  } finally {
    await pool.end();
  }
}
