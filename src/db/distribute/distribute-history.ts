import type pg from 'pg';
import { SyncError } from '../../domain/sync-error.ts';
import { classifyDatabaseError } from '../classify-database-error.ts';
import { connectClient } from '../connect-client.ts';
import { migrationLock } from '../migrate/migrate-database.ts';
import type { Database } from '../open-database.ts';
import { findObstacles } from '../partition/find-obstacles.ts';
import { readShape, type Shape } from '../read-shape.ts';
import type { SourceLock } from '../source-locks.ts';
import { waitForLock } from '../wait-for-lock.ts';
import { distributeTable, readUndistributed, type UndistributedTable } from './distribute-tables.ts';
import { prepareCitus } from './prepare-citus.ts';
import { readDistribution, type Distribution } from './read-distribution.ts';

/** What the work is at. Rows and bytes are PostgreSQL's estimates. */
export type DistributeMoment =
  | {
      readonly kind: 'planned';
      readonly rows: number;
      readonly bytes: number;
      readonly shards: number;
    }
  /** Another process has the source: it is waited for. */
  | { readonly kind: 'waiting'; readonly source: string }
  | { readonly kind: 'distributing'; readonly table: string; readonly rows: number }
  /** Not committed yet. */
  | { readonly kind: 'distributed' }
  /** The history is distributed; what follows only gives room back. */
  | { readonly kind: 'clearing'; readonly table: string }
  | { readonly kind: 'analyzing' };

export type DistributeOptions = {
  readonly signal: AbortSignal;
  readonly onMoment?: (moment: DistributeMoment) => Promise<void> | void;
};

/**
 * Lays all that belongs to a source over the workers of a Citus cluster, in one transaction: ended before its commit, by whatever, the
 * history is as it was; after it, the next call gives the room on the coordinator back. Writers wait meanwhile, readers go on until the
 * end. Returns false when the history was distributed already, and nothing was left to do. Throws SyncErrors.
 */
export async function distributeHistory(
  database: Database,
  { signal, onMoment = () => undefined }: DistributeOptions,
): Promise<{ readonly isNew: boolean; readonly distribution: Distribution }> {
  const locks: SourceLock[] = [];
  let client: pg.Client | undefined;
  const tell = async (moment: DistributeMoment) => {
    if (signal.aborted) throw new SyncError('interrupted', 'Stopped. The same command begins anew.');
    await onMoment(moment);
  };
  try {
    client = await connectClient(database.url, 'session-history distribute', {
      settings: { maintenance_work_mem: '512MB' },
    });
    // No migration meanwhile, and no split.
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    const shape = await readShape(client);
    const isNew = shape.distribution === undefined;
    if (isNew) {
      refuseSplit(shape);
      await distribute(client, database, tell, locks);
    }
    const isCleared = await clearLeftOver(client, tell);
    const distribution = await readDistribution(client);
    if (distribution === undefined) throw new SyncError('permanent', 'Citus does not know the tables.');
    return { isNew: isNew || isCleared, distribution };
  } catch (error) {
    throw classifyDatabaseError(error);
  } finally {
    for (const lock of locks) await lock.release();
    await client?.end();
  }
}

function refuseSplit({ partitions, begun }: Shape): void {
  if (partitions > 1)
    throw new SyncError(
      'permanent',
      `The history is split into ${partitions} partitions, which gain nothing on shards. Run \`migrate --partition 1\`, then this again. Nothing was changed.`,
    );
  if (begun !== null)
    throw new SyncError(
      'permanent',
      `A split into ${begun} partitions was begun. Run \`migrate --partition 1\`, which throws it away, then this again. Nothing was changed.`,
    );
}

async function distribute(
  client: pg.Client,
  database: Database,
  tell: (moment: DistributeMoment) => Promise<void>,
  locks: SourceLock[],
): Promise<void> {
  const { shards } = await prepareCitus(client);
  const tables = await readUndistributed(client);
  await refuseObstacles(client, tables);
  const sum = (of: (table: UndistributedTable) => number) =>
    tables.reduce((all, table) => all + of(table), 0);
  await tell({ kind: 'planned', rows: sum(({ rows }) => rows), bytes: sum(({ bytes }) => bytes), shards });
  // A run that found its source's row locked for so long would fail; held off, it is skipped.
  const { rows: sources } = await client.query<{ id: number; name: string }>(
    'select id, name from sources order by id',
  );
  for (const { id, name } of sources)
    for (const purpose of ['run', 'tasks'] as const)
      locks.push(await waitForLock(database, id, purpose, () => tell({ kind: 'waiting', source: name })));

  await giveRolesToWorkers(client);
  await client.query('begin');
  try {
    // Every writer takes its source's row first, and nobody makes a source meanwhile.
    await client.query('lock table sources in share row exclusive mode');
    await client.query("set local citus.multi_shard_modify_mode = 'sequential'");
    // A shard cannot tell whether a name is unique; sources are named under a lock (findOrCreateSource).
    await client.query('drop index if exists sources_name_key');
    await client.query('create index if not exists sources_name_idx on sources (name)');
    for (const table of tables) {
      await tell({ kind: 'distributing', table: table.name, rows: table.rows });
      await distributeTable(client, table, shards);
    }
    await client.query(`select create_distributed_function('computer_key(text)')`);
    await tell({ kind: 'distributed' });
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function refuseObstacles(client: pg.ClientBase, tables: readonly UndistributedTable[]): Promise<void> {
  const obstacles = await findObstacles(
    client,
    tables.map(({ name }) => name),
  );
  // The id of a new source.
  const foreign = obstacles.filter((what) => !/^(default value|sequence) /.test(what));
  if (foreign.length === 0) return;
  throw new SyncError(
    'permanent',
    `These stand on the tables, and Citus cannot take them along: ${foreign.join('; ')}. Drop them, and run this again. Nothing was changed.`,
  );
}

/** Grants come along with the tables, and fail where a worker does not know whom. Roles made before the extension are not there. */
async function giveRolesToWorkers(client: pg.ClientBase): Promise<void> {
  await client.query(
    `select run_command_on_workers(format(
       $run$do $do$ begin create role %I nologin; exception when duplicate_object or unique_violation or insufficient_privilege then null; end $do$$run$, rolname
     ))
     from pg_roles where rolname in ('session_history_reader', 'session_history_api')`,
  );
}

/** The rows that were copied stay on the coordinator, invisible, until they are taken away. */
async function clearLeftOver(
  client: pg.ClientBase,
  tell: (moment: DistributeMoment) => Promise<void>,
): Promise<boolean> {
  const { leftOver = [] } = (await readDistribution(client)) ?? {};
  if (leftOver.length === 0) return false;
  for (const table of leftOver) {
    await tell({ kind: 'clearing', table });
    await client.query('select truncate_local_data_after_distributing_table($1::regclass)', [table]);
  }
  await tell({ kind: 'analyzing' });
  await client.query(`analyze ${leftOver.join(', ')}`);
  return true;
}
