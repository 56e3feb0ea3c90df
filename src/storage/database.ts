import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.ts';

/** One pool of connections, and Prisma on top of it. */
export type Database = {
  readonly url: string;
  readonly prisma: PrismaClient;
  readonly pool: pg.Pool;
  close(): Promise<void>;
};

/** What set-based statements need: Prisma itself, or one of its transactions. */
export type Statements = Pick<PrismaClient, '$queryRawUnsafe' | '$executeRawUnsafe'>;

/** Opens no connection before the first statement. `onError` hears of idle connections that broke. */
export function openDatabase(
  url: string,
  options: { readonly poolSize?: number; readonly onError?: (error: Error) => void } = {},
): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.poolSize ?? 8,
    application_name: 'session-history',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // Without a listener, a database restart would end the process.
  pool.on('error', (error) => options.onError?.(error));
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  return {
    url,
    prisma,
    pool,
    close: async () => {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}
