import type { Timestamp } from '../domain/timestamp.ts';
import type { Statements } from './statements.ts';

/**
 * Where a backfill goes on. The first one begins a day past the newest session known (or now, whichever is later): EM's
 * clock need not be ours.
 */
export async function readBackfillEnd(statement: Statements, sourceId: number): Promise<Timestamp> {
  const [row] = await statement.$queryRawUnsafe<{ until: Timestamp }[]>(
    `select to_char(
       coalesce(
         (select read_down_to from backfills where source_id = $1::integer),
         greatest(now(), (select max(created_at) from sessions where source_id = $1::integer)) + interval '1 day'
       ) at time zone 'UTC',
       'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
     ) as until`,
    sourceId,
  );
  if (row === undefined) throw new Error('the database answered without a row');
  return row.until;
}

/** Asks the service to read back to `since`; asked again, the earlier day counts. */
export async function requestBackfill(
  statement: Statements,
  sourceId: number,
  since: Timestamp,
): Promise<void> {
  await statement.$executeRawUnsafe(
    `insert into backfills (source_id, wanted_since) values ($1::integer, $2::timestamptz)
     on conflict (source_id) do update set wanted_since = least(backfills.wanted_since, excluded.wanted_since)`,
    sourceId,
    since,
  );
}

/** How far back the service was asked to read the source of that name; undefined when it was not. */
export async function readRequestedBackfill(
  statement: Statements,
  source: string,
): Promise<Timestamp | undefined> {
  const [row] = await statement.$queryRawUnsafe<{ since: Timestamp }[]>(
    `select to_char(wanted_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as since
     from backfills join sources as source on source.id = source_id
     where source.name = $1::text and wanted_since is not null`,
    source,
  );
  return row?.since;
}

export function noteBackfilled(statement: Statements, sourceId: number, downTo: Timestamp): Promise<number> {
  return statement.$executeRawUnsafe(
    `insert into backfills (source_id, read_down_to) values ($1::integer, $2::timestamptz)
     on conflict (source_id) do update set read_down_to = least(backfills.read_down_to, excluded.read_down_to)`,
    sourceId,
    downTo,
  );
}
