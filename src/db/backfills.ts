import type { Timestamp } from '../domain/timestamp.ts';
import type { PrismaClient } from './generated/client.ts';
import type { Database } from './open-database.ts';

/** What the service was asked to read beyond the lists. */
export type RequestedBackfill = {
  /** Gaps before this are left alone; null: all gaps are to be read. */
  readonly since: Timestamp | null;
  /** Covered days before this are still to be read again; null: gaps only. */
  readonly againUntil: Timestamp | null;
};

const iso = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** Asks the service to read back to `since`; asked again, the wider request counts. */
export async function requestBackfill(
  prisma: PrismaClient,
  sourceId: number,
  { since, againUntil }: RequestedBackfill,
): Promise<void> {
  await prisma.$executeRaw`
    insert into backfills as known (source_id, since, again_until)
    values (${sourceId}::integer, ${since}::timestamptz, ${againUntil}::timestamptz)
    on conflict (source_id) do update set
      since = case when known.since is null or excluded.since is null then coalesce(excluded.since, known.since)
        else least(known.since, excluded.since) end,
      again_until = coalesce(excluded.again_until, known.again_until)`;
}

/** What the service was asked to read of a source; undefined when nothing. */
export async function readRequestedBackfill(
  { pool }: Database,
  sourceId: number,
): Promise<RequestedBackfill | undefined> {
  const { rows } = await pool.query<RequestedBackfill>(
    `select ${iso('since')} as since, ${iso('again_until')} as "againUntil" from backfills where source_id = $1`,
    [sourceId],
  );
  return rows[0];
}

/** Notes how far a request is fulfilled; with nothing left of it, it goes. */
export async function noteBackfill(
  prisma: PrismaClient,
  sourceId: number,
  left: RequestedBackfill | null,
): Promise<void> {
  if (left === null) await prisma.backfill.deleteMany({ where: { sourceId } });
  else
    await prisma.$executeRaw`
      update backfills set again_until = ${left.againUntil}::timestamptz where source_id = ${sourceId}::integer`;
}
