import type pg from 'pg';
import { openPool } from '../../db/open-pool.ts';

/** Milliseconds that a statement may take before the database gives it up. */
const statementMs = 30_000;

export type QueryPool = pg.Pool;

/** Of an API, a connection each. Downloads have some of their own, which they keep for as long as their client reads. */
export const questionsAtOnce = 12;
export const downloadsAtOnce = 4;

/** A pool for people's questions, apart from the one that writes: it cannot write, and no statement holds a connection for ever. */
export function openQueryPool(url: string, size: number, onError: (error: Error) => void): pg.Pool {
  return openPool(
    {
      connectionString: url,
      max: size,
      application_name: 'session-history api',
      query_timeout: statementMs + 10_000,
      settings: {
        default_transaction_read_only: 'on',
        statement_timeout: `${statementMs}ms`,
        // One question, one processor: a dear one would otherwise take three, as many as some machines have.
        max_parallel_workers_per_gather: '0',
        // A client that stopped reading its download must not keep rows from being cleaned up for ever.
        idle_in_transaction_session_timeout: '120s',
      },
      // So that a statement ends soon after its client hung up; only from PostgreSQL 14 on, and only on some systems.
      settingsIfPossible: { client_connection_check_interval: '1000' },
    },
    onError,
  );
}

/** Milliseconds that the look at a key may take: it reads a few rows by their keys. */
const accessMs = 5_000;

/**
 * A pool for the look at who asks, and the note that a key was used. Questions that take all connections of the other pool do not
 * keep others from being told so.
 */
export function openAccessPool(url: string, onError: (error: Error) => void): pg.Pool {
  return openPool(
    {
      connectionString: url,
      max: 3,
      application_name: 'session-history access',
      settings: { statement_timeout: `${accessMs}ms` },
      query_timeout: accessMs + 1_000,
    },
    onError,
  );
}
