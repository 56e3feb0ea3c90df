import type pg from 'pg';
import type { Question } from '../question.ts';
import type { Resource } from '../resource.ts';
import type { Row } from '../row.ts';
import { buildQuery } from './build-query.ts';
import { leaseConnection } from './lease-connection.ts';
import { hintsFor } from './read-page.ts';
import { rawTypes, valueReader, type RawRow } from './read-values.ts';

/** Rows a fetch: enough to be fast, few enough to be nothing in memory. */
const mostRows = 2_000;
/** The first fetch shows how long rows are. */
const firstRows = 50;
/** Characters that a fetch should have at most. */
const batchCharacters = 8_000_000;

/**
 * All rows of a question, batch by batch, from a cursor in the database: one consistent state of it, and nothing is read that
 * the reader does not ask for. The connection is free when the iteration ends, however it ends; `signal` cuts it off at once.
 */
export async function* streamRows(
  pool: pg.Pool,
  resource: Resource,
  question: Question,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[], void, void> {
  const { client, end } = await leaseConnection(pool, signal);
  let isWhole = false;
  try {
    await client.query('begin isolation level repeatable read, read only');
    const { text, values } = buildQuery(
      resource,
      question,
      question.limit,
      await hintsFor(client, resource, question),
    );
    const toRow = valueReader(resource.columns);
    await client.query(`declare rows no scroll cursor for ${text}`, [...values]);
    for (let size = firstRows; ;) {
      const { rows } = await client.query<RawRow[]>({
        text: `fetch ${size} from rows`,
        rowMode: 'array',
        types: rawTypes,
      });
      const raw = rows as unknown as RawRow[];
      if (raw.length > 0) yield raw.map(toRow);
      if (raw.length < size) break;
      size = Math.max(1, Math.min(mostRows, Math.floor(batchCharacters / meanCharacters(raw))));
    }
    await client.query('commit');
    isWhole = true;
  } finally {
    end({ isClean: isWhole });
  }
}

function meanCharacters(rows: readonly RawRow[]): number {
  let characters = 0;
  for (const row of rows) for (const value of row) characters += value?.length ?? 0;
  return 1 + characters / rows.length;
}
