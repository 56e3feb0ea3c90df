import { columnTypes, contentColumns, type PackedRows } from './pack-session.ts';
import type { Write } from './write-transaction.ts';

/**
 * How much a row tells of its session:
 * - `whole`: everything; it replaces what was stored
 * - `part`: null is what could not be read; the rest replaces what was stored
 * - `reference`: name and neighbours; it only fills what was empty
 */
export type Telling = 'whole' | 'part' | 'reference';

/** Stands for a listed record that is not known well enough to be passed over next time. */
export const unknownRecord = '00000000-0000-0000-0000-000000000000';

/** Where a session stood before it was changed: its old place among the runs of its job, its old computer. */
export type FormerPlace = {
  readonly session_id: string;
  readonly job_id: string | null;
  readonly created_at: string;
  readonly is_retry: boolean;
  readonly run_started_at: string | null;
  readonly computer: string | null;
};

export type Upserted = {
  readonly inserted: number;
  readonly changed: number;
  /** Which were inserted, where not everything is told of them: those rows are few. */
  readonly insertedIds: readonly string[];
  /** Of those that changed their job, creation time, retry mark, kind or computer. */
  readonly moved: readonly FormerPlace[];
  /** Those the list did not show any more, and that had no tasks: the source may have forgotten them for a while. */
  readonly returnedIds: readonly string[];
};

/** The value a column of a known session gets. What is null in a row may still be known from elsewhere. */
const taken: Readonly<Record<Telling, (column: string) => string>> = {
  whole: (column) =>
    // Some answers leave the parent out, which does not make the session an orphan.
    column === 'parent_session_id' ? `coalesce(excluded.${column}, known.${column})` : `excluded.${column}`,
  part: (column) => {
    switch (column) {
      case 'is_retry':
        return 'known.is_retry or excluded.is_retry';
      case 'kind':
        return `case when excluded.kind = 'other' then known.kind else excluded.kind end`;
      case 'session_name':
        return `coalesce(nullif(excluded.session_name, ''), known.session_name)`;
      case 'created_at':
        // The stand-in for a time that nobody knows.
        return 'case when excluded.created_at = excluded.last_changed_at then known.created_at else excluded.created_at end';
      default:
        return `coalesce(excluded.${column}, known.${column})`;
    }
  },
  reference: (column) => `coalesce(known.${column}, excluded.${column})`,
};

const list = (prefix: string) => contentColumns.map((name) => `${prefix}${name}`).join(', ');

const nothing: Upserted = { inserted: 0, changed: 0, insertedIds: [], moved: [], returnedIds: [] };

const statements = { whole: upsert('whole'), part: upsert('part'), reference: upsert('reference') };

/**
 * Inserts sessions and updates those that changed; an unchanged row is not touched.
 * What follows from the change for other rows is the business of `followSessions`.
 */
export async function upsertSessions(
  { tx, sourceId, version, now }: Write,
  telling: Telling,
  rows: PackedRows,
): Promise<Upserted> {
  if (rows === null) return nothing;
  const [counts] = await tx.$queryRawUnsafe<Upserted[]>(statements[telling], sourceId, version, now, rows);
  return counts ?? nothing;
}

// $1 source, $2 version, $3 now, $4 rows.
function upsert(telling: Telling): string {
  const value = taken[telling];
  const fingerprint = 'coalesce(excluded.fingerprint, known.fingerprint)';
  // A session that moved to another job belongs to that job's computer, unless its own task named one.
  const computer = `case
      when known.computer_is_exact or excluded.job_id is not distinct from known.job_id
        then coalesce(known.computer, excluded.computer)
      else coalesce(excluded.computer, known.computer)
    end`;
  const isChanged = `(known.lost_at is not null
      or (${list('known.')}, known.computer) is distinct from (${contentColumns.map(value).join(', ')}, ${computer}))`;
  return `
with incoming as materialized (
  select * from json_to_recordset($4::json) as incoming(${Object.entries(columnTypes)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ')})
),
before as materialized (
  select known.*
  from incoming
  cross join lateral (
    select session_id, job_id, created_at, is_retry, run_started_at, kind, computer, fingerprint, task_count
    from sessions
    where sessions.session_id = incoming.session_id and sessions.source_id = $1::integer
    -- Keeps it a look-up by the key, whatever is known of a table that was empty a moment ago.
    limit 1
  ) as known
),
written as (
  insert into sessions as known
    (source_id, session_id, ${contentColumns.join(', ')}, fingerprint, computer, first_seen_at, last_seen_at, last_changed_at, change_number)
  select
    $1::integer, incoming.session_id, ${contentColumns.map(inserted).join(', ')}, incoming.fingerprint,
    case when incoming.kind = 'computer' then coalesce(job.computer, incoming.computer) end,
    $3::timestamptz, case when incoming.fingerprint is null then $3::timestamptz end, $3::timestamptz, $2::bigint
  from incoming
  left join jobs as job on job.source_id = $1::integer and job.job_id = incoming.job_id
  on conflict (session_id, source_id) do update set
    ${contentColumns.map((name) => `${name} = ${value(name)}`).join(',\n    ')},
    computer = ${computer},
    fingerprint = ${fingerprint},
    -- Null while the source lists it, so that a poll without news writes no session.
    last_seen_at = case when ${fingerprint} is null then excluded.last_changed_at end,
    lost_at = null,
    last_changed_at = case when ${isChanged} then excluded.last_changed_at else known.last_changed_at end,
    change_number = case when ${isChanged} then excluded.change_number else known.change_number end
  where ${isChanged} or ${fingerprint} is distinct from known.fingerprint
  returning session_id, job_id, created_at, is_retry, kind, computer, change_number
),
-- Each written row beside where it stood before, by one sort: without hash joins, a join would compare each with each.
told as (
  select
    either.*,
    lag(session_id) over one is not null as was_known,
    lag(job_id) over one as former_job_id,
    lag(created_at) over one as former_created_at,
    lag(is_retry) over one as former_is_retry,
    lag(run_started_at) over one as former_run_started_at,
    lag(kind) over one as former_kind,
    lag(computer) over one as former_computer
  from (
    select false as is_written, session_id, job_id, created_at, is_retry, kind, computer, run_started_at, null::bigint as change_number
    from before
    union all
    select true, session_id, job_id, created_at, is_retry, kind, computer, null, change_number from written
  ) as either
  window one as (partition by session_id order by is_written)
)
select
  (count(*) filter (where not was_known))::integer as inserted,
  (count(*) filter (where was_known and change_number = $2::bigint))::integer as changed,
  ${telling === 'whole' ? `'[]'::json` : `coalesce(json_agg(session_id) filter (where not was_known), '[]')`} as "insertedIds",
  coalesce(json_agg(json_build_object(
    'session_id', session_id, 'job_id', former_job_id, 'created_at', former_created_at, 'is_retry', former_is_retry,
    'run_started_at', former_run_started_at, 'computer', case when former_kind = 'computer' then former_computer end
  )) filter (
    where was_known
      and (former_job_id, former_created_at, former_is_retry, former_kind, former_computer)
        is distinct from (job_id, created_at, is_retry, kind, computer)
  ), '[]') as moved,
  coalesce((
    select json_agg(session_id) from before where fingerprint is null and task_count = 0
  ), '[]') as "returnedIds"
from told
where is_written`;
}

function inserted(column: string): string {
  switch (column) {
    case 'created_at':
      return 'coalesce(incoming.created_at, $3::timestamptz)';
    case 'is_retry':
      return 'coalesce(incoming.is_retry, false)';
    case 'session_name':
      return `coalesce(incoming.session_name, '')`;
    default:
      return `incoming.${column}`;
  }
}

/** Notes the records of sessions that the list shows and whose content need not be read again. */
export async function markListed(
  { tx, sourceId }: Write,
  records: readonly { readonly session_id: string; readonly fingerprint: string }[],
): Promise<void> {
  if (records.length === 0) return;
  await tx.$executeRaw`
    update sessions
    set fingerprint = listed.fingerprint, last_seen_at = null
    from json_to_recordset(${JSON.stringify(records)}::json) as listed(session_id uuid, fingerprint uuid)
    where sessions.source_id = ${sourceId}::integer and sessions.session_id = listed.session_id`;
}
