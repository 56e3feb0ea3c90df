import { existsSync, realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../domain/sync-error.ts';
import { clusterIn, type Cluster } from './cluster.ts';
import { createCluster, hasCluster } from './create-cluster.ts';
import { launchServer, type Launch } from './launch-server.ts';
import { loadBinaries } from './load-binaries.ts';
import { enterServer, leaveServer, type Presence } from './presence.ts';
import { prepareDataDir, serverAccount } from './server-account.ts';

export type EmbeddedPostgres = {
  readonly url: string;
  /** Leaves the server and stops it unless somebody still uses it. Never throws; may be called again. */
  stop(): Promise<void>;
};

/** Recovery after a crash replays up to a gigabyte. */
const patienceMs = 120_000;
const maxLaunches = 6;

/**
 * The PostgreSQL that comes with this program, with its data under `dataDir` and the empty or used database session_history
 * in it. The first process starts it, others join, and the last to leave stops it; a server left over by a killed process is
 * taken over, and one that dies under us is started again. It listens on 127.0.0.1 only, behind a random password kept in the
 * folder. Throws SyncError `permanent` with the reason when it cannot run here.
 */
export async function startEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgres> {
  const binaries = await loadBinaries();
  const account = serverAccount();
  prepareDataDir(dataDir, account, binaries.postgres);
  const cluster = clusterIn(realpathSync(dataDir), binaries, account);

  let presence = await join(cluster);
  const { url } = presence;
  let isLeaving = false;
  let rejoining: Promise<void> = Promise.resolve();
  const watch = () => {
    presence.client.once('end', () => {
      if (!isLeaving) rejoining = rejoin();
    });
  };
  const rejoin = async () => {
    // Somebody removed the data: an empty database in its place would only hide that.
    if (!hasCluster(cluster)) return;
    try {
      presence = await join(cluster);
      watch();
    } catch {
      // The next statement fails and says so.
    }
  };
  watch();
  return {
    url,
    stop: async () => {
      if (isLeaving) return;
      isLeaving = true;
      await rejoining;
      await leaveServer(cluster, presence);
    },
  };
}

/** Comes into the server, starting it if need be, waiting while it starts, recovers or stops. */
async function join(cluster: Cluster): Promise<Presence> {
  const deadline = Date.now() + patienceMs;
  let launch: Launch | undefined;
  let launches = 0;
  while (Date.now() < deadline) {
    const entry = await enterServer(cluster);
    if (typeof entry !== 'string') return entry;
    if (entry === 'absent' && (launch === undefined || launch.hasEnded())) {
      if (launches === maxLaunches) throw doesNotStart(cluster, launch?.complaint() ?? '');
      // The last of another server's processes may still be going, or another launch may have won; a real fault stays.
      await sleep(launches * 100);
      launches += 1;
      await createCluster(cluster);
      launch = await launchServer(cluster);
    }
    await sleep(20);
  }
  throw doesNotStart(cluster, `it is not ready after ${patienceMs / 1_000} seconds.`);
}

function doesNotStart(cluster: Cluster, complaint: string): SyncError {
  const where = existsSync(cluster.log) ? ` Its log is ${cluster.log}.` : '';
  return new SyncError('permanent', `The embedded PostgreSQL does not start: ${complaint}${where}`);
}
