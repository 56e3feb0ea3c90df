import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../domain/sync-error.ts';
import { historyName, type Cluster } from './cluster.ts';
import { runProgram } from './run-program.ts';

/** An initdb takes seconds; what is older than this was left by one that was killed. */
const abandonedAfterMs = 600_000;
const moveTries = 50;

/**
 * Makes the data folder unless it is there. It is made under another name and moved into place when done: a killed initdb
 * leaves nothing that looks finished, and of two processes that do this at once the slower one's move fails and it takes the
 * other's. Needs no lock, which a killed process would leave behind. Throws SyncError `permanent`.
 */
export async function createCluster(cluster: Cluster): Promise<void> {
  if (hasCluster(cluster)) return;
  removeAbandoned(cluster);
  const unfinished = `${cluster.home}.new-${randomBytes(6).toString('hex')}`;
  try {
    makeOwn(cluster, unfinished, () => mkdirSync(unfinished, { mode: 0o700 }));
    const password = path.join(unfinished, path.basename(cluster.password));
    const secret = `${randomBytes(24).toString('hex')}\n`;
    makeOwn(cluster, password, () => writeFileSync(password, secret, { mode: 0o600 }));
    await runProgram(
      cluster.binaries.initdb,
      [
        `--pgdata=${path.join(unfinished, path.basename(cluster.data))}`,
        `--username=${historyName}`,
        `--pwfile=${password}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // Upper and lower case of all alphabets, the same on every operating system; plain C knows ASCII only.
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--no-sync',
        '--no-instructions',
      ],
      cluster.account,
      { cwd: cluster.dataDir },
    );
    await moveIntoPlace(unfinished, cluster.home);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (hasCluster(cluster)) return;
    const isOccupied = existsSync(cluster.home)
      ? ` ${cluster.home} is there but holds no database of ours.`
      : '';
    throw new SyncError(
      'permanent',
      `The embedded PostgreSQL cannot make its data folder: ${(error as Error).message}.${isOccupied} ` +
        'Set DATA_DIR to another folder, or DATABASE_URL to a PostgreSQL of your own.',
      { cause: error },
    );
  }
}

/** On Windows a virus scanner may hold a new file for a moment, and a folder with an open file in it cannot be moved. */
async function moveIntoPlace(from: string, to: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      const mayPass = process.platform === 'win32' && /^(EPERM|EACCES|EBUSY)$/.test(code) && !existsSync(to);
      if (!mayPass || tries === moveTries) throw error;
      await sleep(100);
    }
  }
}

export function hasCluster(cluster: Cluster): boolean {
  return existsSync(path.join(cluster.data, 'PG_VERSION'));
}

function makeOwn({ account }: Cluster, target: string, make: () => void): void {
  make();
  if (account.uid !== undefined && account.gid !== undefined) chownSync(target, account.uid, account.gid);
}

function removeAbandoned(cluster: Cluster): void {
  for (const name of readdirSync(cluster.dataDir)) {
    if (!name.startsWith(`${path.basename(cluster.home)}.new-`)) continue;
    const folder = path.join(cluster.dataDir, name);
    const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Infinity);
    if (age > abandonedAfterMs) rmSync(folder, { recursive: true, force: true });
  }
}
