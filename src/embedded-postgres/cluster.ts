import { readFileSync } from 'node:fs';
import path from 'node:path';
import { SyncError } from '../domain/sync-error.ts';
import type { Binaries } from './load-binaries.ts';
import type { ServerAccount } from './server-account.ts';

/** Where one embedded PostgreSQL lives, and what runs it. */
export type Cluster = {
  readonly binaries: Binaries;
  readonly account: ServerAccount;
  readonly dataDir: string;
  /** Holds the data and the password, so that both come to be in one rename. */
  readonly home: string;
  readonly data: string;
  readonly password: string;
  readonly log: string;
  /** Its port is kept, so that an address once given to a BI tool stays good. */
  readonly port: string;
};

/** Name of the role and of the database. */
export const historyName = 'session_history';

/** `dataDir` must be free of symbolic links: processes know the server by this very text. */
export function clusterIn(dataDir: string, binaries: Binaries, account: ServerAccount): Cluster {
  const home = path.join(dataDir, 'postgres');
  return {
    binaries,
    account,
    dataDir,
    home,
    data: path.join(home, 'data'),
    password: path.join(home, 'password'),
    log: path.join(dataDir, 'postgres.log'),
    port: path.join(dataDir, 'postgres.port'),
  };
}

/** Address of the database of that name. Throws SyncError `permanent` when the password cannot be read. */
export function clusterUrl(cluster: Cluster, port: number, database: string): string {
  try {
    return `postgres://${historyName}:${readFileSync(cluster.password, 'utf8').trim()}@127.0.0.1:${port}/${database}`;
  } catch (error) {
    throw new SyncError(
      'permanent',
      `The password of the embedded PostgreSQL cannot be read: ${(error as Error).message}. ` +
        'Was it made by another account? Run this program as that account, or set DATA_DIR to another folder.',
      { cause: error },
    );
  }
}
