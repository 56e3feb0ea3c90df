import type pg from 'pg';
import type { Question } from '../question.ts';
import type { Resource } from '../resource.ts';
import type { Row } from '../row.ts';
import { buildQuery } from './build-query.ts';
import { leaseConnection } from './lease-connection.ts';
import { hintsFor } from './read-page.ts';
import { rawTypes, valueReader, type RawRow } from './read-values.ts';
import { sizeBatches } from './size-batches.ts';

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
    for (const size = sizeBatches(); ;) {
      const wanted = size.next();
      const { rows } = await client.query<RawRow[]>({
        text: `fetch ${wanted} from rows`,
        rowMode: 'array',
        types: rawTypes,
      });
      const raw = rows as unknown as RawRow[];
      if (raw.length > 0) yield raw.map(toRow);
      if (raw.length < wanted) break;
      size.see(raw);
    }
    await client.query('commit');
    isWhole = true;
  } finally {
    end({ isClean: isWhole });
  }
}
