import type { DeltaState } from '../domain/delta-polls.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { Database } from './open-database.ts';
import type { Write } from './write-transaction.ts';

/** What decides whether a poll reads the whole list. Times are milliseconds by PostgreSQL's clock. */
export type DeltaPlan = {
  /** The commit before this poll. */
  readonly version: bigint;
  readonly now: Timestamp;
  readonly state: DeltaState | null;
  readonly sinceListMs: number | null;
  readonly sincePollMs: number | null;
  readonly intervalMs: number | null;
};

const iso = (expression: string) =>
  `to_char(${expression} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
const msSince = (expression: string) =>
  `(extract(epoch from now() - ${expression}) * 1000)::double precision`;

export async function readDeltaPlan({ pool }: Database, sourceId: number): Promise<DeltaPlan> {
  const { rows } = await pool.query<Omit<DeltaPlan, 'version'> & { readonly version: string }>(
    `select version, ${iso('now()')} as now, deltas as state,
       ${msSince('last_listed_at')} as "sinceListMs", ${msSince(`(deltas ->> 'at')::timestamptz`)} as "sincePollMs",
       interval_seconds * 1000 as "intervalMs"
     from sources where id = $1`,
    [sourceId],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`There is no source ${sourceId}.`);
  return { ...row, version: BigInt(row.version) };
}

/** `null`: every poll of this source reads the whole list. */
export async function writeDeltaState(
  { tx, sourceId, now }: Write,
  state: Omit<DeltaState, 'at'> | null,
): Promise<void> {
  const json = state === null ? null : JSON.stringify({ ...state, at: now });
  await tx.$executeRaw`update sources set deltas = ${json}::jsonb where id = ${sourceId}::integer`;
}

/** What is known of some sessions and their source, for a poll that does not read the list. See `ListState`. */
export async function readStateOf(
  { pool }: Database,
  sourceId: number,
  sessionIds: readonly string[],
): Promise<{
  readonly listed: Uint8Array;
  readonly unfinished: readonly string[];
  readonly jobNames: readonly string[];
}> {
  const { rows } = await pool.query<{ packed: string | null; unfinished: string[]; jobs: string[] }>(
    `select
       (
         select encode(string_agg(uuid_send(session_id) || uuid_send(fingerprint), ''::bytea), 'base64')
         from sessions
         where source_id = $1 and session_id = any($2::uuid[]) and fingerprint is not null
       ) as packed,
       array(
         select session_id from sessions where source_id = $1 and not is_final and lost_at is null
       )::text[] as unfinished,
       array(select job_name from jobs where source_id = $1 and kind = 'job') as jobs`,
    [sourceId, sessionIds],
  );
  const [row] = rows;
  return {
    listed: Buffer.from(row?.packed ?? '', 'base64'),
    unfinished: row?.unfinished ?? [],
    jobNames: row?.jobs ?? [],
  };
}

/**
 * Listed sessions that a true answer shows when asked for what is unfinished or ended since. Those that took longer than a day
 * are left out: they would have to be searched for.
 */
export async function readExpectedChanges(
  { pool }: Database,
  sourceId: number,
  since: Timestamp,
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select session_id as id
     from sessions
     where source_id = $1 and not is_final and lost_at is null and fingerprint is not null
       and state is not null and state <> 'Stopped' and job_type in ('AgentBackup', 'AgentManagement')
     union all
     select session_id
     from sessions
     where source_id = $1 and created_at >= $2::timestamptz - interval '1 day' and ended_at >= $2::timestamptz
       and is_final and fingerprint is not null and job_type in ('AgentBackup', 'AgentManagement')`,
    [sourceId, since],
  );
  return rows.map((row) => row.id);
}

/** A session as an answer shows it, as far as that never changes once it has ended. */
export type ShownSession = {
  readonly session_id: string;
  readonly created_at: Timestamp | null;
  readonly job_type: string | null;
  readonly job_id: string | null;
  readonly job_name: string | null;
  readonly server_id: string | null;
};

/** How many sessions an answer shows otherwise than the list did. */
export async function countContradictions(
  { pool }: Database,
  sourceId: number,
  shown: readonly ShownSession[],
): Promise<number> {
  const { rows } = await pool.query<{ otherwise: number }>(
    `select count(*)::integer as otherwise
     from json_to_recordset($2::json) as shown(
       session_id uuid, created_at timestamptz, job_type text, job_id uuid, job_name text, server_id uuid
     )
     join sessions as stored on stored.source_id = $1 and stored.session_id = shown.session_id
     where stored.fingerprint is not null
       and (shown.created_at, shown.job_type, shown.job_id, shown.job_name, shown.server_id)
         is distinct from (stored.created_at, stored.job_type, stored.job_id, stored.job_name, stored.server_id)`,
    [sourceId, JSON.stringify(shown)],
  );
  return rows[0]?.otherwise ?? 0;
}

/**
 * Sessions that this run's list showed first, or showed ended first, although they had ended within a time that polls before it
 * had asked for. `unfinished`: sessions without an end before this run.
 */
export async function readUnseenByDeltas(
  { pool }: Database,
  sourceId: number,
  run: {
    readonly version: bigint;
    readonly startedAt: Timestamp;
    readonly unfinished: readonly string[];
    readonly from: Timestamp;
    readonly to: Timestamp;
  },
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select session_id as id
     from sessions
     where source_id = $1 and change_number > $2::bigint and fingerprint is not null
       and job_type in ('AgentBackup', 'AgentManagement')
       and coalesce(ended_at, created_at) >= $5::timestamptz and coalesce(ended_at, created_at) < $6::timestamptz
       and (first_seen_at >= $3::timestamptz or (is_final and session_id = any($4::uuid[])))`,
    [sourceId, String(run.version), run.startedAt, run.unfinished, run.from, run.to],
  );
  return rows.map((row) => row.id);
}
