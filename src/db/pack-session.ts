import type { PartialSession } from '../domain/backup-session.ts';

/** A session on its way into the database: the JSON of its row, without its computer and the closing brace. */
export type PackedSession = string;

export type SessionRow = {
  readonly packed: PackedSession;
  /** The computer as far as names tell, for kind `computer`; a task may know better. */
  readonly computer: string | null;
};

/** Rows of a batch, as one JSON text; null: none. */
export type PackedRows = string | null;

/** What a source says of a session: name and type of each column, and its value. A new column is one more line. */
const content = {
  session_name: ['text', (session) => session.name],
  kind: ['text', (session) => session.kind],
  job_type: ['text', (session) => session.jobType],
  job_id: ['uuid', (session) => session.jobId],
  job_name: ['text', (session) => session.jobName],
  server_id: ['uuid', (session) => session.serverId],
  server_name: ['text', (session) => session.serverName],
  state: ['text', (session) => session.state],
  result: ['text', (session) => session.result],
  is_retry: ['boolean', (session) => session.isRetry],
  created_at: ['timestamptz', (session) => session.createdAt],
  ended_at: ['timestamptz', (session) => session.endedAt],
  progress: ['integer', (session) => session.progress],
  failure_message: ['text', (session) => session.failureMessage],
  extra: ['jsonb', (session) => session.extra],
  parent_session_id: ['uuid', (session) => session.parentId],
} as const satisfies Columns;

/** Name and type of each value in a packed row. */
export const columnTypes = {
  session_id: 'uuid',
  ...Object.fromEntries(Object.entries(content).map(([name, [type]]) => [name, type])),
  fingerprint: 'uuid',
  computer: 'text',
};

type Columns = Readonly<Record<string, readonly [type: string, value: (session: PartialSession) => unknown]>>;

/** Columns that hold what a source says. */
export const contentColumns = Object.keys(content) as readonly (keyof typeof content)[];

/**
 * Packs a session for its way into the database, and makes a text of it that holds nothing of what it came from. `fingerprint`: of
 * the listed record it comes from; `unknownRecord` when the list shows it and its record is to be read again, null when it does not.
 */
export function packSession(session: PartialSession, fingerprint: string | null): PackedSession {
  const row: Record<string, unknown> = { session_id: session.id };
  for (const name of contentColumns) row[name] = content[name][1](session);
  row['fingerprint'] = fingerprint;
  return JSON.stringify(row).slice(0, -1);
}

/** Makes one text of the rows of a batch. No session may occur twice among them. */
export function packRows(rows: readonly SessionRow[]): PackedRows {
  if (rows.length === 0) return null;
  const json = rows.map(({ packed, computer }) => `${packed},"computer":${JSON.stringify(computer)}}`);
  return `[${json.join()}]`;
}
