import { cover, noteVainTry } from '../domain/coverage.ts';
import { timestampFromDate, type Timestamp } from '../domain/timestamp.ts';
import { changeCoverage } from './coverage.ts';
import { followSessions } from './follow-sessions.ts';
import type { Database } from './open-database.ts';
import type { Write } from './write-transaction.ts';

const hourMs = 3_600_000;

/** What is known of a source before its list is read. */
export type ListState = {
  /** The commit before this reading: what changes from now on has higher numbers. */
  readonly version: bigint;
  /** Listed sessions and the fingerprints of their records, 32 bytes each: id, fingerprint. */
  readonly listed: Uint8Array;
  /** Sessions without a final result that are not lost either. */
  readonly unfinished: ReadonlySet<string>;
  /** Whether it is time to read again which computers the source has discovered. */
  readonly areComputersDue: boolean;
  /** Names of the jobs administrators made, to tell the computer from a child job's name. */
  readonly jobNames: ReadonlySet<string>;
};

export async function readListState(database: Database, sourceId: number): Promise<ListState> {
  const { pool } = database;
  const ids = async (sql: string) => {
    const { rows } = await pool.query<{ id: string }>(sql, [sourceId]);
    return new Set(rows.map((row) => row.id));
  };
  const { rows } = await pool.query<{ version: string; due: boolean }>(
    `select version, computers_read_at is null or computers_read_at < now() - interval '6 hours' as due
     from sources where id = $1`,
    [sourceId],
  );
  return {
    version: BigInt(rows[0]?.version ?? 0),
    listed: await readListed(database, sourceId),
    unfinished: await ids(
      `select session_id as id from sessions where source_id = $1 and not is_final and lost_at is null`,
    ),
    areComputersDue: rows[0]?.due ?? true,
    jobNames: await ids(`select job_name as id from jobs where source_id = $1 and kind = 'job'`),
  };
}

/** Sessions an answer: as one, those of a long list would be in memory three times over. */
const listedAtOnce = 16_384;

/** As texts: a row each would cost more to bring over than to compare, and bytes would come as hexadecimal digits. */
async function readListed({ pool }: Database, sourceId: number): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  for (let last: string | null = '00000000-0000-0000-0000-000000000000'; last !== null;) {
    const { rows }: { rows: { packed: string | null; last: string | null }[] } = await pool.query(
      `select
         encode(string_agg(uuid_send(session_id) || uuid_send(fingerprint), ''::bytea), 'base64') as packed,
         case when count(*) = $3 then max(session_id::text) end as last
       from (
         select session_id, fingerprint
         from sessions
         where source_id = $1 and session_id ${pieces.length === 0 ? '>=' : '>'} $2 and fingerprint is not null
         order by session_id
         limit $3
       ) as listed`,
      [sourceId, last, listedAtOnce],
    );
    pieces.push(Buffer.from(rows[0]?.packed ?? '', 'base64'));
    last = rows[0]?.last ?? null;
  }
  return Buffer.concat(pieces);
}

/** How many sessions the database holds as listed: the proof of a run. */
export async function countListed({ pool }: Database, sourceId: number): Promise<number> {
  const { rows } = await pool.query<{ listed: number }>(
    `select count(*)::integer as listed from sessions where source_id = $1 and fingerprint is not null`,
    [sourceId],
  );
  return rows[0]?.listed ?? 0;
}

/** How many listed sessions the last complete list of that source had: the best guess at how long it is now. */
export async function guessListLength({ pool }: Database, source: string): Promise<number> {
  const { rows } = await pool.query<{ listed: number }>(
    `select count(*)::integer as listed
     from sessions join sources as source on source.id = source_id
     where source.name = $1 and fingerprint is not null`,
    [source],
  );
  return rows[0]?.listed ?? 0;
}

/**
 * After a complete list: notes what it no longer shows, when it was read, and what it covers.
 */
export async function closeList(
  write: Write,
  list: {
    readonly gone: readonly string[];
    /** Creation times the list covers; doubted, they are noted as tried in vain. */
    readonly range: { readonly from: Timestamp; readonly to: Timestamp; readonly isDoubted: boolean };
  },
): Promise<void> {
  const { tx, sourceId, now } = write;
  if (list.gone.length > 0) {
    await tx.$executeRaw`
      update sessions
      set last_seen_at = greatest(sessions.first_seen_at, source.last_listed_at), fingerprint = null
      from json_array_elements_text(${JSON.stringify(list.gone)}::json) as gone(session_id), sources as source
      where sessions.source_id = ${sourceId}::integer
        and source.id = ${sourceId}::integer
        and sessions.session_id = gone.session_id::uuid
        and sessions.fingerprint is not null`;
  }
  await tx.$executeRaw`
    update sources set last_listed_at = ${now}::timestamptz where id = ${sourceId}::integer`;
  const { from, to, isDoubted } = list.range;
  await changeCoverage(write, (timeline) =>
    isDoubted
      ? noteVainTry(timeline, {
          from,
          to,
          at: now,
          reason: 'The list lacked sessions that it should have shown.',
          // Time for the source to come to itself: its queries may lack them, too.
          dueAt: timestampFromDate(new Date(Date.parse(now) + hourMs)),
        })
      : cover(timeline, { from, to, via: 'list', readAt: now }),
  );
}

/** Whether anything was ever read of the source. */
export async function hasSessions({ pool }: Database, sourceId: number): Promise<boolean> {
  const { rows } = await pool.query(`select 1 from sessions where source_id = $1 limit 1`, [sourceId]);
  return rows.length > 0;
}

/** How many of these sessions were created at or after a moment. */
export async function countCreatedSince(
  { pool }: Database,
  sourceId: number,
  sessionIds: readonly string[],
  since: Timestamp,
): Promise<number> {
  const { rows } = await pool.query<{ young: number }>(
    `select count(*)::integer as young
     from unnest($2::uuid[]) as gone(session_id)
     join sessions using (session_id)
     where source_id = $1 and created_at >= $3::timestamptz`,
    [sourceId, sessionIds, since],
  );
  return rows[0]?.young ?? 0;
}

/** Sessions without a final result that the list does not show and that are no hole yet. */
export async function readVanished({ pool }: Database, sourceId: number): Promise<readonly string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select session.session_id as id
     from sessions as session
     where session.source_id = $1 and not session.is_final and session.lost_at is null and session.fingerprint is null
       and not exists (
         select 1 from holes where holes.source_id = $1 and holes.hole_key = session.session_id
       )`,
    [sourceId],
  );
  return rows.map((row) => row.id);
}

/** Sessions that left the list unfinished and that the source, asked by id, does not know any more. */
export async function markLost(write: Write, sessionIds: readonly string[]): Promise<number> {
  if (sessionIds.length === 0) return 0;
  const { tx, sourceId, version, now } = write;
  const lost = await tx.$executeRaw`
    update sessions
    set lost_at = ${now}::timestamptz, last_changed_at = ${now}::timestamptz, change_number = ${version}::bigint
    from json_array_elements_text(${JSON.stringify(sessionIds)}::json) as asked(session_id)
    where sessions.source_id = ${sourceId}::integer
      and sessions.session_id = asked.session_id::uuid
      and sessions.fingerprint is null
      and not is_final
      and lost_at is null`;
  // Their computers' last outcomes and the totals of their days change with them.
  await followSessions(write, []);
  return lost;
}
