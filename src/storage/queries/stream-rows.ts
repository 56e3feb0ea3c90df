import type pg from 'pg';
import type { Question } from '../../query/question.ts';
import type { Resource } from '../../query/resource.ts';
import type { Row } from '../../query/row.ts';
import { buildQuery } from './build-query.ts';
import { hintsFor } from './read-page.ts';
import { rawTypes, valueReader, type RawRow } from './read-values.ts';

/** Rows a fetch: enough to be fast, few enough to be nothing in memory. */
const batchSize = 2_000;

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
  const hints = await hintsFor(pool, resource, question);
  const { text, values } = buildQuery(resource, question, question.limit, hints);
  const toRow = valueReader(resource.columns);
  signal.throwIfAborted();
  const client = await pool.connect();
  let isWhole = false;
  let isReleased = false;
  const release = (destroy: boolean) => {
    if (isReleased) return;
    isReleased = true;
    signal.removeEventListener('abort', cut);
    // One that is given up may still break on its way out.
    if (!destroy) client.off('error', ignore);
    // A connection in the middle of a statement, or of a transaction, is of no use to others.
    client.release(destroy);
  };
  const cut = () => {
    release(true);
  };
  signal.addEventListener('abort', cut);
  // While the reader pauses nobody waits for the connection, and its loss would end the process; the next fetch tells.
  client.on('error', ignore);
  try {
    signal.throwIfAborted();
    await client.query('begin isolation level repeatable read, read only');
    await client.query(`declare rows no scroll cursor for ${text}`, [...values]);
    for (;;) {
      const { rows } = await client.query<RawRow[]>({
        text: `fetch ${batchSize} from rows`,
        rowMode: 'array',
        types: rawTypes,
      });
      if (rows.length > 0) yield (rows as unknown as RawRow[]).map(toRow);
      if (rows.length < batchSize) break;
    }
    await client.query('commit');
    isWhole = true;
  } finally {
    release(!isWhole);
  }
}

const ignore = (): void => undefined;
