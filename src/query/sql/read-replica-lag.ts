import type pg from 'pg';

/**
 * How old what a reader shows is, in seconds: 0 when it has all that the primary had when it was asked; undefined when the reader is
 * no replica. A replica that is cut off is the age of the last commit it knows behind, however quiet it is there.
 */
export async function readReplicaLag(primary: pg.Pool, reader: pg.Pool): Promise<number | undefined> {
  const isReplica = await reader.query<{ is: boolean }>('select pg_is_in_recovery() as is');
  if (isReplica.rows[0]?.is !== true) return undefined;
  const { rows: written } = await primary.query<{ lsn: string }>('select pg_current_wal_lsn() as lsn');
  const { rows: replayed } = await reader.query<{ seconds: number }>(
    `select case when pg_last_wal_replay_lsn() >= $1::pg_lsn then 0
       else greatest(0, extract(epoch from now() - coalesce(pg_last_xact_replay_timestamp(), pg_postmaster_start_time())))
     end::double precision as seconds`,
    [written[0]?.lsn],
  );
  return replayed[0]?.seconds;
}
