import type pg from 'pg';
import { SyncError } from '../../domain/sync-error.ts';

/** What this program was written for; older ones refuse some of its views. */
const oldestCitus = 12;
const mostShardsOfFew = 4;

/**
 * Makes sure that this database may be distributed, with the extension created where this account may, and returns over how many
 * shards. Throws SyncError `permanent` with the statements that are to be run.
 */
export async function prepareCitus(client: pg.ClientBase): Promise<{ readonly shards: number }> {
  await createExtension(client);
  const { rows } = await client.query<{ version: string; database: string; isCoordinator: boolean }>(
    `select extversion as version, current_database() as database, citus_is_coordinator() as "isCoordinator"
     from pg_extension where extname = 'citus'`,
  );
  const { version = '0', database = '', isCoordinator = false } = rows[0] ?? {};
  if (Number.parseInt(version, 10) < oldestCitus)
    refuse(`The database has Citus ${version}, and the history needs ${oldestCitus} or newer.`);
  if (!isCoordinator)
    refuse('DATABASE_URL names a worker of the Citus cluster: it has to name the coordinator.');
  const { rows: nodes } = await client.query<{ workers: number }>(
    `select count(*)::integer as workers from pg_dist_node where isactive and shouldhaveshards and noderole = 'primary'`,
  );
  const workers = nodes[0]?.workers ?? 0;
  if (workers === 0)
    refuse(
      `Citus knows of no worker in database ${database}. On each worker run: create database ${database}; and there: create extension citus; ` +
        `then here: select citus_set_coordinator_host('this-host', 5432); select citus_add_node('worker-1', 5432); for each.`,
    );
  return { shards: chooseShards(workers) };
}

/**
 * Two a worker, so that twice as many workers can share them some day, and four at least. Few: a question over all sources asks every
 * shard, and a page of it took 7 to 70 ms with 4 and 98 to 182 ms with 32.
 */
export function chooseShards(workers: number): number {
  return Math.max(mostShardsOfFew, 2 * workers);
}

async function createExtension(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ installed: string | null; database: string }>(
    `select installed_version as installed, current_database() as database from pg_available_extensions where name = 'citus'`,
  );
  const [citus] = rows;
  if (citus === undefined)
    refuse(
      'This server does not have the Citus extension. Install it there and on each worker, with citus in shared_preload_libraries ' +
        '(packages: https://docs.citusdata.com), or keep to one server: migrate --partition.',
    );
  if (citus.installed !== null) return;
  try {
    await client.query('create extension citus');
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    if (code === '42501')
      refuse(
        `This account may not create the Citus extension. As a superuser in database ${citus.database}, here and on each worker, run: create extension citus;`,
      );
    if (/shared_preload_libraries|preload/i.test(message))
      refuse(
        'Citus is installed and not loaded. As a superuser here and on each worker, run: ' +
          "alter system set shared_preload_libraries = 'citus'; then restart the server.",
      );
    throw error;
  }
}

function refuse(reason: string): never {
  throw new SyncError('permanent', `${reason} Nothing was changed.`);
}
