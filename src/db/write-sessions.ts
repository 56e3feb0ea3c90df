import type { ListedRecord, SessionRow as Row } from '../domain/session-row.ts';
import type { Sighting } from '../domain/sighting.ts';
import type { TasksMode } from '../domain/sync-run.ts';
import { arrayLiteral } from './array-literal.ts';
import type { Prepared } from './statements.ts';

type Cell = string | number | boolean | null;

/** What EM says of a session, in the order of the statement: type and value of each column. */
const content = {
  session_name: ['text', (row) => row.session.name],
  kind: ['text', (row) => row.session.kind],
  job_type: ['text', (row) => row.session.jobType],
  job_id: ['uuid', (row) => row.session.jobId],
  job_name: ['text', (row) => row.session.jobName],
  server_id: ['uuid', (row) => row.session.serverId],
  server_name: ['text', (row) => row.session.serverName],
  state: ['text', (row) => row.session.state],
  result: ['text', (row) => row.session.result],
  is_retry: ['boolean', (row) => row.session.isRetry],
  created_at: ['timestamptz', (row) => row.session.createdAt],
  ended_at: ['timestamptz', (row) => row.session.endedAt],
  progress: ['integer', (row) => row.session.progress],
  failure_message: ['text', (row) => row.session.failureMessage],
  extra: ['jsonb', (row) => (row.session.extra === null ? null : JSON.stringify(row.session.extra))],
} as const satisfies Columns;

const columns = {
  session_id: ['uuid', (row) => row.session.id],
  ...content,
  parent_session_id: ['uuid', (row) => row.session.parentId],
  computer: ['text', (row) => row.computer],
} as const satisfies Columns;

type Columns = Record<string, readonly [type: string, value: (row: Row) => Cell]>;

const list = (of: Columns, prefix = '') =>
  Object.keys(of)
    .map((name) => prefix + name)
    .join(', ');

// $1 source, $2 last_seen_at is left open (the session is listed), $3 tasks mode, $4 and $5 the records of the list that they
// stand in, $6... one array a column.
const insert = `
with incoming as (
  select *
  from unnest(${Object.values<Columns[string]>(columns)
    .map(([type], index) => `$${index + 6}::${type}[]`)
    .join(', ')}) as incoming(${list(columns)})
),
listed as (
  insert into listed_records (source_id, fingerprint, session_id)
  select $1::integer, record.*
  from unnest($4::uuid[], $5::uuid[]) as record(fingerprint, session_id)
  on conflict (source_id, fingerprint) do nothing
),
written as (
  insert into sessions as known (source_id, session_id, ${list(content)}, parent_session_id, computer, last_seen_at)
  select
    $1::integer, incoming.session_id, ${list(content, 'incoming.')}, incoming.parent_session_id,
    coalesce(job.computer, incoming.computer),
    case when not $2::boolean then now() end
  from incoming
  left join jobs as job
    on job.source_id = $1::integer and job.job_id = incoming.job_id and incoming.kind = 'computer'`;

// A parent that is not named is not gone: some answers leave the link out.
const parent = 'coalesce(excluded.parent_session_id, known.parent_session_id)';
const isDistinct = `(${list(content, 'known.')}, known.parent_session_id) is distinct from (${list(content, 'excluded.')}, ${parent})`;

// An unchanged session is not touched: no row version, no index entry, no WAL.
const upsert = (guard: string) => `${insert}
  on conflict (source_id, session_id) do update set
    ${Object.keys(content)
      .map((name) => `${name} = excluded.${name}`)
      .join(',\n    ')},
    parent_session_id = ${parent},
    computer = coalesce(known.computer, excluded.computer),
    -- What is listed stays so until the list itself no longer shows it.
    last_seen_at = case when $2::boolean or known.last_seen_at is null then null else now() end,
    lost_at = null,
    last_changed_at = case when ${isDistinct} or known.lost_at is not null then now() else known.last_changed_at end
  where ${guard} (
    ${isDistinct}
    or known.lost_at is not null
    or ($2::boolean and known.last_seen_at is not null)
  )
  returning session_id, created_at, is_final, outcome, first_seen_at = now() as is_new, last_changed_at = now() as is_changed
),
due as (
  insert into task_backlog as backlog (source_id, session_id, created_at)
  select $1::integer, session_id, created_at
  from written
  where is_final and is_changed and ($3::text = 'all' or ($3::text = 'failed' and outcome <> 'success'))
  on conflict (source_id, session_id) do update set attempts = 0, due_at = now()
)
select
  (count(*) filter (where is_new))::integer as inserted,
  (count(*) filter (where is_changed and not is_new))::integer as changed
from written`;

const statements: Record<Sighting, string> = {
  listed: upsert(''),
  asked: upsert(''),
  duplicate: upsert(
    `(not known.is_final or (excluded.state = 'Stopped' and excluded.ended_at is not null)) and`,
  ),
};

const insertReferences = `${insert}
  on conflict (source_id, session_id) do nothing
  returning session_id
)
select count(*)::integer as inserted, 0 as changed, $3::text as tasks from written`;

export type WriteCounts = { readonly inserted: number; readonly changed: number };

/**
 * Upserts sessions, each with its parent, queues the final ones for their tasks, and notes the records of the list that they
 * stand in. No id may occur twice in `rows`.
 */
export function prepareSessions(
  sourceId: number,
  rows: readonly Row[],
  records: readonly ListedRecord[],
  options: { readonly sighting: Sighting; readonly tasks: TasksMode },
): Prepared<WriteCounts> {
  const { sighting, tasks } = options;
  return prepare(statements[sighting], sourceId, rows, records, sighting !== 'asked', tasks);
}

/** Stores sessions of which only a reference is known; what is known already stays as it is. */
export function prepareReferences(
  sourceId: number,
  rows: readonly Row[],
  records: readonly ListedRecord[],
): Prepared<WriteCounts> {
  return prepare(insertReferences, sourceId, rows, records, true, 'none');
}

function prepare(
  sql: string,
  sourceId: number,
  rows: readonly Row[],
  records: readonly ListedRecord[],
  isListed: boolean,
  tasks: TasksMode,
): Prepared<WriteCounts> {
  const arrays = [
    arrayLiteral(records.map((record) => record.fingerprint)),
    arrayLiteral(records.map((record) => record.sessionId)),
    ...Object.values<Columns[string]>(columns).map(([, value]) => arrayLiteral(rows.map(value))),
  ];
  return async (statement) => {
    const [counts] = await statement.$queryRawUnsafe<WriteCounts[]>(
      sql,
      sourceId,
      isListed,
      tasks,
      ...arrays,
    );
    return counts ?? { inserted: 0, changed: 0 };
  };
}
