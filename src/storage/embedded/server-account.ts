import { accessSync, chownSync, constants, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { SyncError } from '../../domain/sync-error.ts';

/** The account PostgreSQL runs under: our own, unless that is root, which it refuses. */
export type ServerAccount = { readonly uid?: number; readonly gid?: number };

/**
 * For root: the account `postgres`, else `nobody`, with the data folder made its own. Throws SyncError `permanent` when
 * that account cannot get at the folder or the program (a home folder closed to others, typically).
 */
export function serverAccount(dataDir: string, program: string): ServerAccount {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0) return {};
  const account = lookUp('postgres') ?? lookUp('nobody');
  if (account === undefined) throw cannotRun('there is no account "postgres" or "nobody" to run it as');
  chownSync(dataDir, account.uid, account.gid);
  for (const [what, target] of [
    ['the data folder', dataDir],
    ['the program', program],
  ] as const) {
    const closed = firstClosedFolder(target);
    if (closed !== undefined)
      throw cannotRun(`the account "${account.name}" may not enter ${closed}, where ${what} is`);
  }
  return { uid: account.uid, gid: account.gid };
}

function cannotRun(reason: string): SyncError {
  return new SyncError(
    'permanent',
    `The embedded PostgreSQL does not run as root, and ${reason}. Run this program as an ordinary user, or set DATA_DIR to a folder ` +
      'everyone may enter, or DATABASE_URL to a PostgreSQL of your own.',
  );
}

function lookUp(
  name: string,
): { readonly name: string; readonly uid: number; readonly gid: number } | undefined {
  try {
    accessSync('/etc/passwd', constants.R_OK);
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`));
    const [, , uid, gid] = line?.split(':') ?? [];
    return uid === undefined || gid === undefined ? undefined : { name, uid: Number(uid), gid: Number(gid) };
  } catch {
    return undefined;
  }
}

/** The outermost folder above the target that others may not enter; good enough for an account in no special group. */
function firstClosedFolder(target: string): string | undefined {
  const folders: string[] = [];
  for (let folder = path.dirname(target); ; folder = path.dirname(folder)) {
    folders.unshift(folder);
    if (folder === path.dirname(folder)) break;
  }
  return folders.find((folder) => (statSync(folder).mode & 0o001) === 0);
}
