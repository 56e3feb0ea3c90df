import { execFileSync } from 'node:child_process';
import { appendFileSync, chownSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/embedded-postgres/start-embedded-postgres.ts';

/** A streaming replica of the embedded PostgreSQL in `folder`: a copy of its data made while it runs, as pg_basebackup makes one. */
export async function startReplica(
  primary: EmbeddedPostgres,
  folder: string,
  target: string,
): Promise<EmbeddedPostgres> {
  const data = path.join(target, 'postgres', 'data');
  const { uid, gid } = statSync(path.join(folder, 'postgres', 'data'));
  const write = (name: string, text: string) => {
    writeFileSync(path.join(data, name), text);
    chownSync(path.join(data, name), uid, gid);
  };
  const client = new pg.Client({ connectionString: primary.url });
  await client.connect();
  try {
    await client.query(`select pg_backup_start('replica', true)`);
    execFileSync('cp', ['-a', folder, target]);
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop()');
    write('backup_label', rows[0]?.labelfile ?? '');
  } finally {
    await client.end();
  }
  rmSync(path.join(data, 'postmaster.pid'));
  write('standby.signal', '');
  const { hostname, port, username, password } = new URL(primary.url);
  appendFileSync(
    path.join(data, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=${hostname} port=${port} user=${username} password=${password}'\n`,
  );
  return startEmbeddedPostgres(target);
}
