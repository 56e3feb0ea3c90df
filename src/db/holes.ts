import type { ListForm } from '../domain/sync-run.ts';
import type { Database } from './open-database.ts';
import type { Write } from './write-transaction.ts';

/** Something that is known not to be stored as it should be. */
export type NewHole = {
  readonly kind: 'unreadable' | 'unfetched';
  /** The session's id, or the fingerprint of a record that does not tell it. */
  readonly key: string;
  readonly sessionId: string | null;
  /** For people. */
  readonly reason: string;
  /** The text that could not be read, and the form it is written in. */
  readonly text: string | null;
  readonly form: ListForm | null;
  /** Whether the session was asked for by id, and not only met in a list. */
  readonly wasTried: boolean;
};

export type UnreadText = {
  readonly key: string;
  readonly text: string | null;
  readonly form: ListForm | null;
};

/** The longest text that is kept of a record. Characters. */
const longestText = 262_144;

/**
 * Notes holes, and vain tries to fill them: the service tries again after 1 minute, then 2, 4, ... up to six hours.
 */
export async function noteHoles(
  { tx, sourceId, now }: Write,
  holes: readonly NewHole[],
  parser: number,
): Promise<void> {
  if (holes.length === 0) return;
  const rows = [...new Map(holes.map((hole) => [hole.key, hole])).values()].map((hole) => ({
    hole_key: hole.key,
    kind: hole.kind,
    session_id: hole.sessionId,
    reason: hole.reason,
    record: hole.text?.slice(0, longestText) ?? null,
    form: hole.form,
    tries: hole.wasTried ? 1 : 0,
  }));
  await tx.$executeRaw`
    insert into holes as known
      (source_id, hole_key, kind, session_id, reason, record, form, attempts, parser, first_seen_at, last_tried_at, due_at)
    select
      ${sourceId}::integer, hole_key, kind, session_id, reason, record, form, tries, ${parser}::integer,
      ${now}::timestamptz, case when tries > 0 then ${now}::timestamptz end,
      ${now}::timestamptz + interval '1 minute' * tries
    from json_to_recordset(${JSON.stringify(rows)}::json) as incoming(
      hole_key uuid, kind text, session_id uuid, reason text, record text, form text, tries integer
    )
    on conflict (source_id, hole_key) do update set
      kind = excluded.kind,
      reason = excluded.reason,
      record = coalesce(excluded.record, known.record),
      form = coalesce(excluded.form, known.form),
      parser = excluded.parser,
      attempts = known.attempts + excluded.attempts,
      last_tried_at = coalesce(excluded.last_tried_at, known.last_tried_at),
      due_at = case
        when excluded.attempts = 0 then known.due_at
        else excluded.last_tried_at
          + least(interval '1 minute' * power(2, least(known.attempts, 9)), interval '6 hours')
      end`;
}

/** Holes of sessions that are stored whole now, or that the source says it does not know. */
export async function closeHoles({ tx, sourceId }: Write, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await tx.$executeRaw`
    delete from holes
    using json_array_elements_text(${JSON.stringify(keys)}::json) as closed(hole_key)
    where holes.source_id = ${sourceId}::integer and holes.hole_key = closed.hole_key::uuid`;
}

/** A hole as a run needs it before it begins. */
export type KnownHole = {
  readonly key: string;
  readonly sessionId: string | null;
  readonly isDue: boolean;
};

/** The holes of a source's sessions by their keys, so many from the one after `after` on. */
export async function readHoles(
  { pool }: Database,
  sourceId: number,
  after: string | undefined,
  limit: number,
): Promise<readonly KnownHole[]> {
  const { rows } = await pool.query<KnownHole>(
    `select hole_key as key, session_id as "sessionId", due_at <= now() as "isDue"
     from holes
     where source_id = $1 and ($2::uuid is null or hole_key > $2)
     order by hole_key
     limit $3`,
    [sourceId, after ?? null, limit],
  );
  return rows;
}

/** The holes with a text that another parser could not read, some at a time. */
export async function readUnreadTexts(
  { pool }: Database,
  sourceId: number,
  parser: number,
  limit: number,
): Promise<readonly UnreadText[]> {
  const { rows } = await pool.query<UnreadText>(
    `select hole_key as key, record as text, form
     from holes
     where source_id = $1 and record is not null and parser <> $2
     limit $3`,
    [sourceId, parser, limit],
  );
  return rows;
}

/** Everything that is known not to be stored as it should be: what view report.holes shows of a source. */
export async function countHoles({ pool }: Database, sourceId: number): Promise<number> {
  const { rows } = await pool.query<{ holes: number }>(
    `select (
       (select count(*) from holes where source_id = $1)
       + (select count(*) from coverage where source_id = $1 and via is null)
       + (select count(*) from task_backlog where source_id = $1 and attempts > 0)
     )::integer as holes`,
    [sourceId],
  );
  return rows[0]?.holes ?? 0;
}
