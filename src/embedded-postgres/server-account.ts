import { chmodSync, mkdirSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { SyncError } from '../domain/sync-error.ts';

/** The account PostgreSQL runs under: our own, unless that is root, which it refuses. */
export type ServerAccount = { readonly uid?: number; readonly gid?: number };

/** For root the account `postgres`, else `nobody`. Throws SyncError `permanent` when there is neither. */
export function serverAccount(): ServerAccount {
  if (process.getuid?.() !== 0) return {};
  const account = lookUp('postgres') ?? lookUp('nobody');
  if (account === undefined) throw cannotRun('there is no account "postgres" or "nobody" to run it as');
  return account;
}

/**
 * Makes the data folder, and makes sure that the account can get at it and at the program. Throws SyncError `permanent` when it
 * cannot (under a home folder closed to others, typically).
 */
export function prepareDataDir(dataDir: string, account: ServerAccount, program: string): void {
  const { uid, gid } = account;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    // Passage, not more, and only through a folder of which nobody can have expected anything: it may be /root.
    if (uid !== undefined && !isOpen(dataDir, account) && readdirSync(dataDir).length === 0)
      chmodSync(dataDir, 0o711);
  } catch (error) {
    throw new SyncError(
      'permanent',
      `DATA_DIR ${dataDir} cannot be used: ${(error as Error).message}. Set DATA_DIR to a folder this program may write to.`,
      { cause: error },
    );
  }
  if (uid === undefined) return;
  for (const target of [realpathSync(dataDir), path.dirname(realpathSync(program))]) {
    const closed = [...foldersAbove(target), target].find((folder) => !isOpen(folder, account));
    if (closed !== undefined)
      throw cannotRun(`account ${uid}:${gid ?? ''}, which it runs as instead, may not enter ${closed}`);
  }
}

function cannotRun(reason: string): SyncError {
  return new SyncError(
    'permanent',
    `The embedded PostgreSQL does not run as root, and ${reason}. Run this program as an ordinary user, or set DATA_DIR to a folder ` +
      'everyone may enter, or DATABASE_URL to a PostgreSQL of your own.',
  );
}

function lookUp(name: string): ServerAccount | undefined {
  try {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`));
    const [, , uid, gid] = line?.split(':') ?? [];
    return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
  } catch {
    return undefined;
  }
}

/** Whether the account may pass through; further groups and access lists are not looked at. */
function isOpen(folder: string, account: ServerAccount): boolean {
  const { mode, uid, gid } = statSync(folder);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  return (mode & bit) !== 0;
}

/** From the root down. */
function foldersAbove(target: string): readonly string[] {
  const parent = path.dirname(target);
  return parent === target ? [] : [...foldersAbove(parent), parent];
}
