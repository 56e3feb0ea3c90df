import type { Span } from '../domain/coverage.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { Database } from './open-database.ts';
import type { Write } from './write-transaction.ts';

const iso = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const timeline = `
select ${iso('from_at')} as "from", ${iso('to_at')} as "to", via, ${iso('read_at')} as "readAt", reason, attempts,
  ${iso('first_seen_at')} as "firstSeenAt", ${iso('last_tried_at')} as "lastTriedAt", ${iso('due_at')} as "dueAt"
from coverage
where source_id = $1::integer
order by from_at`;

/** The timeline of a source. */
export async function readCoverage(
  { pool }: Pick<Database, 'pool'>,
  sourceId: number,
): Promise<readonly Span[]> {
  return (await pool.query<Span>(timeline, [sourceId])).rows;
}

/** Replaces a source's timeline by what `change` makes of it; a few rows, however many years it spans. */
export async function changeCoverage(
  { tx, sourceId, now }: Write,
  change: (timeline: readonly Span[], now: Timestamp) => readonly Span[],
): Promise<readonly Span[]> {
  const before = await tx.$queryRawUnsafe<readonly Span[]>(timeline, sourceId);
  const after = change(before, now);
  const rows = after.map((span) => ({
    from_at: span.from,
    to_at: span.to,
    via: span.via,
    read_at: span.readAt,
    reason: span.reason,
    attempts: span.attempts,
    first_seen_at: span.firstSeenAt,
    last_tried_at: span.lastTriedAt,
    due_at: span.dueAt,
  }));
  await tx.$executeRaw`delete from coverage where source_id = ${sourceId}::integer`;
  await tx.$executeRaw`
    insert into coverage
      (source_id, from_at, to_at, via, read_at, reason, attempts, first_seen_at, last_tried_at, due_at)
    select ${sourceId}::integer, span.*
    from json_to_recordset(${JSON.stringify(rows)}::json) as span(
      from_at timestamptz, to_at timestamptz, via text, read_at timestamptz, reason text, attempts integer,
      first_seen_at timestamptz, last_tried_at timestamptz, due_at timestamptz
    )`;
  return after;
}
