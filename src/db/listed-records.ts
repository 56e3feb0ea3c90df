import type { UnreadableRow } from '../domain/session-row.ts';
import { arrayLiteral } from './array-literal.ts';
import type { Statements } from './statements.ts';

/**
 * The records of the last list, 32 bytes each (fingerprint, session id), as one value: a row each would cost more to
 * bring over than to compare.
 */
export async function readListedRecords(statement: Statements, sourceId: number): Promise<Uint8Array> {
  // As base64: bytes come over as hexadecimal digits, which are half as many again and slower to read.
  const [row] = await statement.$queryRawUnsafe<{ packed: string | null }[]>(
    `select encode(string_agg(uuid_send(fingerprint) || uuid_send(session_id), ''::bytea), 'base64') as packed
     from listed_records
     where source_id = $1::integer`,
    sourceId,
  );
  return Buffer.from(row?.packed ?? '', 'base64');
}

export async function deleteListedRecords(
  statement: Statements,
  sourceId: number,
  fingerprints: readonly string[],
): Promise<void> {
  if (fingerprints.length === 0) return;
  await statement.$executeRawUnsafe(
    `delete from listed_records where source_id = $1::integer and fingerprint = any($2::uuid[])`,
    sourceId,
    arrayLiteral(fingerprints),
  );
}

/** How many distinct sessions the last list and the history both hold. */
export async function countListedSessions(statement: Statements, sourceId: number): Promise<number> {
  const [row] = await statement.$queryRawUnsafe<{ stored: number }[]>(
    // One look into the key for each: as a join, the planner may read every session the source ever had.
    `select count(*)::integer as stored
     from (select distinct session_id from listed_records where source_id = $1::integer) as listed
     cross join lateral (
       select from sessions where session_id = listed.session_id and source_id = $1::integer limit 1
     ) as stored`,
    sourceId,
  );
  return row?.stored ?? 0;
}

/** Keeps records that could not be read as they came. */
export async function upsertUnreadableRecords(
  statement: Statements,
  sourceId: number,
  rows: readonly UnreadableRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await statement.$executeRawUnsafe(
    `insert into unreadable_records (source_id, fingerprint, session_id, reason, record)
     select distinct on (fingerprint) $1::integer, incoming.*
     from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[])
       as incoming(fingerprint, session_id, reason, record)
     on conflict (source_id, fingerprint) do update set last_seen_at = now()`,
    sourceId,
    arrayLiteral(rows.map((row) => row.fingerprint)),
    arrayLiteral(rows.map((row) => row.sessionId)),
    arrayLiteral(rows.map((row) => row.reason)),
    arrayLiteral(rows.map((row) => row.record.replaceAll('\0', ' ').slice(0, 65_536))),
  );
}

/** After a complete list: forgets unreadable records that EM has corrected, or no longer lists. */
export async function deleteReadableAgain(
  statement: Statements,
  sourceId: number,
  stillUnreadable: readonly string[],
): Promise<void> {
  await statement.$executeRawUnsafe(
    `delete from unreadable_records where source_id = $1::integer and fingerprint <> all($2::uuid[])`,
    sourceId,
    arrayLiteral(stillUnreadable),
  );
}

/** After a complete list: its moment becomes the last sight of every session it showed, and of those that left after it. */
export async function noteListRead(
  statement: Statements,
  sourceId: number,
  goneSessionIds: readonly string[],
): Promise<void> {
  await statement.$executeRawUnsafe(
    `update sessions
     set last_seen_at = greatest(sessions.first_seen_at, source.last_listed_at)
     from sources as source
     where source.id = $1::integer
       and sessions.source_id = source.id
       and sessions.session_id = any($2::uuid[])
       and sessions.last_seen_at is null`,
    sourceId,
    arrayLiteral(goneSessionIds),
  );
  await statement.$executeRawUnsafe(
    `update sources set last_listed_at = now() where id = $1::integer`,
    sourceId,
  );
}
