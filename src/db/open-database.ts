import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { PrismaClient } from './generated/client.ts';
import { openPool } from './open-pool.ts';
import { openSourceLocks, type SourceLocks } from './source-locks.ts';

/** The history's database: written through Prisma, read through pg, on one pool of connections. */
export type Database = {
  readonly url: string;
  /** Questions only. */
  readonly pool: pg.Pool;
  /** Everything that is written. */
  readonly prisma: PrismaClient;
  readonly locks: SourceLocks;
  close(): Promise<void>;
};

/**
 * Of transactions, in milliseconds. Prisma's own 2 s for a connection and 5 s for the whole would end a run that waits for the
 * row of its source on a busy machine; a stuck statement is the database's to end.
 */
const limits = { maxWait: 30_000, timeout: 300_000 } as const;

/** Opens no connection before the first statement. `onError` hears of idle connections that broke. */
export function openDatabase(
  url: string,
  options: { readonly poolSize?: number; readonly onError?: (error: Error) => void } = {},
): Database {
  const pool = openPool(
    {
      connectionString: url,
      max: options.poolSize ?? 8,
      application_name: 'session-history',
      // A connection whose other end vanished answers nothing, ever. Longer than any statement of this program.
      query_timeout: 330_000,
      // A process that froze within a transaction would keep its source from all others.
      settings: { idle_in_transaction_session_timeout: '60s' },
    },
    (error) => options.onError?.(error),
  );
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool), transactionOptions: limits });
  const locks = openSourceLocks(url);
  return {
    url,
    pool,
    prisma,
    locks,
    close: async () => {
      await locks.close();
      await prisma.$disconnect();
      await pool.end();
    },
  };
}
