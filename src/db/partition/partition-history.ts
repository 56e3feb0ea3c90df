import type pg from 'pg';
import { SyncError } from '../../domain/sync-error.ts';
import { classifyDatabaseError } from '../classify-database-error.ts';
import { connectClient } from '../connect-client.ts';
import { migrationLock } from '../migrate/migrate-database.ts';
import type { Database } from '../open-database.ts';
import { readShape } from '../read-shape.ts';
import type { SourceLock } from '../source-locks.ts';
import { waitForLock } from '../wait-for-lock.ts';
import { copySource, forgetDeleted, prepareCopying, readStaleSources } from './copy-source.ts';
import { findObstacles } from './find-obstacles.ts';
import { copyOf, dropCopies, indexCopies, makeCopies } from './make-copies.ts';
import { replaceTables } from './replace-tables.ts';
import { splitTables } from './split-tables.ts';

/** What the work is at. Rows and bytes are PostgreSQL's estimates. */
export type PartitionMoment =
  | { readonly kind: 'planned'; readonly rows: number; readonly bytes: number; readonly isResumed: boolean }
  | { readonly kind: 'copied'; readonly source: string; readonly table: string; readonly rows: number }
  | { readonly kind: 'indexing'; readonly index: string }
  /** Another process has the source: it is waited for. */
  | { readonly kind: 'waiting'; readonly source: string }
  | { readonly kind: 'held'; readonly source: string }
  | { readonly kind: 'analyzing' }
  | { readonly kind: 'replacing' }
  /** Not committed yet. */
  | { readonly kind: 'replaced' };

export type PartitionOptions = {
  /** 1 goes back to one table. */
  readonly partitions: number;
  readonly signal: AbortSignal;
  /** Rows a transaction: a second or two, unless said otherwise. */
  readonly stepRows?: number;
  readonly onMoment?: (moment: PartitionMoment) => Promise<void> | void;
};

/** Attempts to find all copies equal and the tables free; each comes after a copying of what was written meanwhile. */
const mostAttempts = 20;

/**
 * Splits what grows with the history by source. The tables are copied while they serve, in steps; sources are held only while their
 * copies catch up, and until the copies take the tables' places in one transaction. Whatever ends it before, the history is as it was, and
 * the next call goes on. Returns false when the history is split so already. Throws SyncErrors.
 */
export async function partitionHistory(database: Database, options: PartitionOptions): Promise<boolean> {
  const locks: SourceLock[] = [];
  let client: pg.Client | undefined;
  try {
    client = await connectClient(database.url, 'session-history partition', {
      settings: { work_mem: '128MB', maintenance_work_mem: '512MB' },
    });
    // One at a time, and no migration meanwhile: it would change the tables under the copies.
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    const shape = await readShape(client);
    if (shape.distribution !== undefined)
      throw new SyncError(
        'permanent',
        'The history is distributed, by source already: partitions would gain nothing. Nothing was changed.',
      );
    if (shape.partitions === options.partitions) {
      await dropCopies(client);
      return false;
    }
    await refuseObstacles(client);
    await partition(client, database, options, locks);
    return true;
  } catch (error) {
    throw classifyDatabaseError(error);
  } finally {
    for (const lock of locks) await lock.release();
    await client?.end();
  }
}

async function refuseObstacles(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::integer as version`,
  );
  const version = rows[0]?.version ?? 0;
  if (version < 140_000)
    throw new SyncError(
      'permanent',
      `The server runs PostgreSQL ${Math.floor(version / 10_000)}: partitions need 14 or newer.`,
    );
  const obstacles = await findObstacles(
    client,
    splitTables.map(({ name }) => name),
  );
  if (obstacles.length > 0)
    throw new SyncError(
      'permanent',
      `These stand on the tables of sessions, tasks or runs and would be lost: ${obstacles.join('; ')}. ` +
        'Drop them, run this again, and make them anew. Nothing was changed.',
    );
}

async function partition(
  client: pg.Client,
  database: Database,
  { partitions, signal, stepRows = 20_000, onMoment = () => undefined }: PartitionOptions,
  locks: SourceLock[],
): Promise<void> {
  const tell = async (moment: PartitionMoment) => {
    if (signal.aborted)
      throw new SyncError('interrupted', 'Stopped. The same command goes on where it stopped.');
    await onMoment(moment);
  };
  const size = await readSize(client);
  const isResumed = await makeCopies(client, partitions);
  await tell({ kind: 'planned', ...size, isResumed });
  const statements = await prepareCopying(client);
  const copy = async (sourceId: number) => {
    const source = await readName(client, sourceId);
    await copySource(client, sourceId, { statements, stepRows }, ({ table, rows }) =>
      tell({ kind: 'copied', source, table, rows }),
    );
  };

  // Polls go on meanwhile; what they change is copied again below, by comparing rows.
  for (const sourceId of await readStaleSources(client)) await copy(sourceId);
  await indexCopies(client, partitions, (index) => tell({ kind: 'indexing', index }));
  const held = new Set<number>();
  const hold = async () => {
    const { rows } = await client.query<{ id: number; name: string }>(
      'select id, name from sources order by id',
    );
    for (const { id, name } of rows) {
      if (held.has(id)) continue;
      for (const purpose of ['run', 'tasks'] as const)
        locks.push(await waitForLock(database, id, purpose, () => tell({ kind: 'waiting', source: name })));
      held.add(id);
      await tell({ kind: 'held', source: name });
      await copy(id);
    }
  };
  await hold();
  await tell({ kind: 'analyzing' });
  await client.query(`vacuum (analyze) ${splitTables.map(({ name }) => copyOf(name)).join(', ')}`);

  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    await tell({ kind: 'replacing' });
    const result = await replaceTables(client, () => tell({ kind: 'replaced' }));
    switch (result.kind) {
      case 'replaced':
        return;
      case 'stale':
        break;
      case 'unequal':
        await forgetDeleted(client, result.sourceIds);
        break;
      case 'busy':
        continue;
    }
    await hold();
    for (const sourceId of result.sourceIds) await copy(sourceId);
  }
  throw new SyncError(
    'transient',
    'Questions or changes kept the tables busy. What was copied is kept: run the same command again at a quieter time.',
  );
}

async function readName(client: pg.ClientBase, sourceId: number): Promise<string> {
  const { rows } = await client.query<{ name: string }>('select name from sources where id = $1', [sourceId]);
  return rows[0]?.name ?? String(sourceId);
}

async function readSize(client: pg.ClientBase): Promise<{ readonly rows: number; readonly bytes: number }> {
  const { rows } = await client.query<{ rows: number; bytes: number }>(
    `select
       coalesce(sum(greatest(reltuples, 0)) filter (where relkind = 'r'), 0)::double precision as rows,
       coalesce(sum(pg_total_relation_size(oid)) filter (where relkind = 'r'), 0)::double precision as bytes
     from pg_class
     where oid in (
       select coalesce(tree.relid, parent) from unnest($1::regclass[]) as parent left join lateral pg_partition_tree(parent) as tree on true
     )`,
    [splitTables.map(({ name }) => name)],
  );
  return rows[0] ?? { rows: 0, bytes: 0 };
}
