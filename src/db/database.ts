import type pg from 'pg';
import type { PrismaClient } from './generated/client.ts';
import { openPool } from './open-pool.ts';
import { openSourceLocks, type SourceLocks } from './source-locks.ts';
import { inTransaction, statementsOf, type Statements, type Transaction } from './statements.ts';

/** One pool of connections, and what runs on it. */
export type Database = {
  readonly url: string;
  readonly pool: pg.Pool;
  /** Questions, and the books: one statement, or several in a transaction, straight through the driver. */
  readonly statements: Statements;
  readonly transaction: Transaction;
  /** A transaction of Prisma's: what Enterprise Manager showed is stored through it. */
  readonly store: Transaction;
  /** Prisma's client, loaded when it is first asked for: its start costs more than all that a poll without news does. */
  prisma(): Promise<PrismaClient>;
  readonly locks: SourceLocks;
  close(): Promise<void>;
};

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
  const locks = openSourceLocks(url);
  let opening: Promise<PrismaClient> | undefined;
  const prisma = () => (opening ??= import('./open-prisma.ts').then(({ openPrisma }) => openPrisma(pool)));
  return {
    url,
    pool,
    statements: statementsOf(pool),
    transaction: (work) => inTransaction(pool, work),
    store: async (work) =>
      // Prisma's 5 s would cut a large batch on a slow disk; a stuck statement is the database's to end.
      (await prisma()).$transaction(work, { timeout: 300_000, maxWait: 30_000 }),
    prisma,
    locks,
    close: async () => {
      await locks.close();
      await (await opening?.catch(() => undefined))?.$disconnect();
      await pool.end();
    },
  };
}
