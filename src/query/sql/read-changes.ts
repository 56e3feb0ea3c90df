import type pg from 'pg';
import { readChangesCursor, writeChangesCursor, type Position } from '../changes-cursor.ts';
import { limitColumns, type Limits } from '../limits.ts';
import { sessions } from '../resources/sessions.ts';
import { rawTypes, type RawRow } from './read-values.ts';
import { sizeBatches } from './size-batches.ts';

/** What is new since a cursor, up to the moment it was asked: sessions that change meanwhile come with the next reading. */
export type Changes = {
  /** The cursor once everything is read. */
  readonly end: string;
  /** Rows of `sessions`, source by source, each in the order of its commits. */
  batches(signal: AbortSignal): AsyncGenerator<readonly RawRow[], void, void>;
  /** At most so many, fewer of huge ones, and the cursor behind them; none: that is all. */
  page(limit: number): Promise<{ readonly rows: readonly RawRow[]; readonly next: string }>;
};

/** Of all texts of a page; the batch that goes past it is the last. */
const mostCharacters = 16_000_000;

/** A connection, or a pool: each question may go to another connection. */
type Asks = Pick<pg.ClientBase, 'query'>;

type Span = { readonly source: number; readonly after: Position; readonly upTo: bigint };

/**
 * Opens the feed of changed sessions. A source's change numbers rise in the order of its commits, so everything up to the version
 * that is read here is there to be read. Returns what is wrong with the cursor, to go on after its name, if something is.
 */
export async function openChanges(
  database: Asks,
  cursor: string,
  limits: Limits,
): Promise<Changes | { readonly wrong: string }> {
  const positions = readChangesCursor(cursor);
  if (positions === undefined)
    return { wrong: 'is no cursor of this feed; take nextCursor of an earlier answer' };
  // The cursor names sources and how much was ever written of each: of those that have nothing for this reader, it must not.
  const { rows: sources } = await database.query<{ id: number; version: string }>(
    `select id, version
     from sources as source
     where (cardinality($1::text[]) = 0 or name = any($1::text[]))
       and (
         cardinality($2::text[]) = 0
         or exists (select 1 from labels where labels.source_id = source.id and labels.customer = any($2::text[]))
       )
     order by id`,
    [limits.sources, limits.customers],
  );
  const spans = sources.map(({ id, version }): Span => ({
    source: id,
    after: positions.get(id) ?? { number: -1n, session: null },
    upTo: BigInt(version),
  }));
  if (spans.some(({ after, upTo }) => after.number > upTo))
    return { wrong: 'is ahead of this history, which was restored or is another one; begin anew without it' };
  const endOf = new Map(spans.map(({ source, upTo }) => [source, { number: upTo, session: null }]));
  const read = (span: Span, limit: number) => readSpan(database, span, limits, limit);

  return {
    end: writeChangesCursor(endOf),
    async *batches(signal) {
      const size = sizeBatches();
      for (const span of spans) {
        for (let rest = span; ;) {
          signal.throwIfAborted();
          const wanted = size.next();
          const rows = await read(rest, wanted);
          size.see(rows);
          if (rows.length > 0) yield rows;
          if (rows.length < wanted) break;
          rest = { ...rest, after: lastOf(rows) };
        }
      }
    },
    async page(limit) {
      const found: RawRow[] = [];
      const next = new Map(positions);
      const size = sizeBatches();
      const isFull = () => found.length === limit || size.characters() > mostCharacters;
      for (const span of spans) {
        for (let rest = span; !isFull();) {
          const wanted = Math.min(limit - found.length, size.next());
          const rows = await read(rest, wanted);
          size.see(rows);
          found.push(...rows);
          const isAll = rows.length < wanted;
          rest = { ...rest, after: isAll ? { number: span.upTo, session: null } : lastOf(rows) };
          next.set(span.source, rest.after);
          if (isAll) break;
        }
      }
      for (const source of next.keys()) if (!endOf.has(source)) next.delete(source);
      return { rows: found, next: writeChangesCursor(next) };
    },
  };
}

const numberAt = sessions.columns.findIndex(({ name }) => name === 'change_number');
const sessionAt = sessions.columns.findIndex(({ name }) => name === 'session_id');

function lastOf(rows: readonly RawRow[]): Position {
  const last = rows.at(-1);
  return { number: BigInt(last?.[numberAt] ?? 0), session: last?.[sessionAt] ?? null };
}

async function readSpan(
  database: Asks,
  { source, after, upTo }: Span,
  limits: Limits,
  limit: number,
): Promise<readonly RawRow[]> {
  const limited = limitColumns(sessions, limits).filter(({ column }) => column === 'customer');
  const { rows } = await database.query<RawRow[]>({
    text: `select ${sessions.columns.map(({ name }) => name).join(', ')}
from ${limited.length > 0 ? 'labelled_session_rows' : 'session_rows'} as row
where source_id = $1::integer and change_number >= $2::bigint and change_number <= $3::bigint
  and ($4::uuid is null and change_number > $2::bigint or (change_number, session_id) > ($2::bigint, $4::uuid))
  ${limited.map((_, index) => `and customer = any($${index + 6}::text[])`).join(' ')}
order by change_number, session_id
limit $5::integer`,
    values: [
      source,
      after.number.toString(),
      upTo.toString(),
      after.session,
      limit,
      ...limited.map(({ values }) => values),
    ],
    rowMode: 'array',
    types: rawTypes,
  });
  return rows as unknown as RawRow[];
}
