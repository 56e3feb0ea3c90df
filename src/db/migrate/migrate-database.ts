import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { SyncError } from '../../domain/sync-error.ts';
import { adviseOnRefusal } from '../advise-on-refusal.ts';
import { classifyDatabaseError } from '../classify-database-error.ts';
import { connectClient } from '../connect-client.ts';
import { distributeNewTables } from '../distribute/distribute-tables.ts';
import { readDistribution } from '../distribute/read-distribution.ts';
import { readDatabaseFacts, refuseUnfit } from './database-facts.ts';
import { planMigration, type AppliedMigration } from './plan-migration.ts';
import { readMigrations, readUpgradeScripts, type Migration } from './read-migrations.ts';
import { splitStatements } from './split-statements.ts';

/** Any number that no other program on the same database is likely to use: "sess" in ASCII. */
export const migrationLock = 0x73657373;

/** The lock that Prisma's own engine takes: `prisma migrate deploy`, and version 0.1 of this program. */
const engineLock = 72_707_369;

/**
 * Brings the database to this version and returns the names of the migrations applied, none when it was up to date. Any
 * number of processes may start it at once: one works under an advisory lock, the others wait. Its books are Prisma's, so
 * that `prisma migrate status` and `deploy` agree with it. Throws SyncError `permanent` when a migration fails, or the database
 * is not fit for this version; errors of the connection as the driver throws them.
 *
 * A history may be split (src/db/partition): sessions, tasks and sync_runs are then partitioned by hash of source_id. Migrations
 * after 3_report have to work on both shapes: keys and unique indexes hold source_id; no `create index concurrently`; storage
 * parameters and extended statistics are given to each partition as well (`pg_partition_tree('sessions')` names the table and its
 * partitions, whether it is split or not).
 *
 * Or it is distributed (src/db/distribute): a new table with a column source_id is distributed after its migration. There, each
 * `alter table` says one thing at a time, columns that are added have constant defaults, views read no functions that read tables, and the join of
 * anything to a union is by `sources.id`.
 */
export async function migrateDatabase(
  databaseUrl: string,
  given?: readonly Migration[],
): Promise<{ readonly applied: readonly string[] }> {
  const migrations = given ?? (await readMigrations());
  const client = await connectClient(databaseUrl, 'session-history migrate');
  try {
    // Nearly every start finds nothing to do and is spared the wait for whoever migrates.
    if (planMigration(await readApplied(client), migrations).kind === 'none') return { applied: [] };
    // A process that was killed leaves its script running in the server, maybe for minutes, and these locks with it.
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await client.query('select pg_advisory_lock($1)', [engineLock]);
    const plan = planMigration(await readApplied(client), migrations);
    if (plan.kind === 'none') return { applied: [] };
    refuseUnfit(await readDatabaseFacts(client));
    if (plan.kind === 'upgrade') await upgrade(client, migrations);
    else
      for (const migration of plan.pending)
        await inTransaction(client, async () => {
          const isDistributed = (await readDistribution(client)) !== undefined;
          await apply(client, migration, isDistributed);
          if (isDistributed) await distributeNewTables(client);
        });
    return { applied: (plan.kind === 'upgrade' ? migrations : plan.pending).map(({ name }) => name) };
  } catch (error) {
    throw explain(error);
  } finally {
    await client.end();
  }
}

async function readApplied(client: pg.Client): Promise<readonly AppliedMigration[]> {
  const table = await client.query<{ found: boolean }>(
    `select to_regclass('_prisma_migrations') is not null as found`,
  );
  if (table.rows[0]?.found !== true) return [];
  const { rows } = await client.query<AppliedMigration>(
    `select migration_name as name, checksum from _prisma_migrations where finished_at is not null and rolled_back_at is null`,
  );
  return rows;
}

/** A database of version 0.1, in one transaction: killed at any moment, it is what it was, and the next start begins anew. */
async function upgrade(client: pg.Client, migrations: readonly Migration[]): Promise<void> {
  const { setAside, carryOver } = await readUpgradeScripts();
  await inTransaction(client, async () => {
    await client.query(setAside);
    for (const migration of migrations) await apply(client, migration);
    await client.query(carryOver);
  });
}

/** Runs a script together with its row in Prisma's table, as Prisma writes it. */
async function apply(
  client: pg.Client,
  { name, script, checksum }: Migration,
  isDistributed = false,
): Promise<void> {
  await client.query(`
    create table if not exists _prisma_migrations (
      id varchar(36) primary key not null,
      checksum varchar(64) not null,
      finished_at timestamptz,
      migration_name varchar(255) not null,
      logs text,
      rolled_back_at timestamptz,
      started_at timestamptz not null default now(),
      applied_steps_count integer not null default 0
    )`);
  // Each script is one transaction, with Prisma's engine too: one that did not finish left nothing behind.
  await client.query(
    'update _prisma_migrations set rolled_back_at = now() where migration_name = $1 and finished_at is null and rolled_back_at is null',
    [name],
  );
  const id = randomUUID();
  await client.query(
    'insert into _prisma_migrations (id, checksum, migration_name, started_at) values ($1, $2, $3, clock_timestamp())',
    [id, checksum, name],
  );
  // A worker takes one statement at a time.
  for (const part of isDistributed ? splitStatements(script) : [script]) await client.query(part);
  await client.query(
    'update _prisma_migrations set finished_at = clock_timestamp(), applied_steps_count = 1 where id = $1',
    [id],
  );
}

async function inTransaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('begin');
  try {
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** The database went away meanwhile: that passes, and the next try goes on. Everything else somebody has to mend. */
function explain(error: unknown): SyncError {
  const failure = classifyDatabaseError(error);
  if (failure === error || failure.kind === 'transient') return failure;
  const reason = error instanceof Error ? error.message : String(error);
  const { advice = 'Mend the cause and run `session-history migrate`.' } = adviseOnRefusal([reason]) ?? {};
  return new SyncError(
    'permanent',
    `The database could not be brought to this version: ${reason}. ` +
      `Nothing was half done: each migration is one transaction. ${advice}`,
    { cause: error },
  );
}
