import pg from 'pg';

/** What set-based statements need. Prisma's client and its transactions have the same two methods, so either serves. */
export type Statements = {
  $queryRawUnsafe<T>(sql: string, ...values: unknown[]): Promise<T>;
  /** How many rows it touched. */
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>;
};

/** Rows on their way, made into arrays already: what is left is the database's work. */
export type Prepared<T> = (statement: Statements) => Promise<T>;

/** Several statements that come true together or not at all. */
export type Transaction = <T>(work: (statement: Statements) => Promise<T>) => Promise<T>;

const types = new pg.TypeOverrides();
// As Prisma reads them: a bigint keeps its digits.
types.setTypeParser(pg.types.builtins.INT8, BigInt);

/** Statements in a pool, each on whatever connection is free, or all in one connection. */
export function statementsOf(connection: Pick<pg.ClientBase, 'query'>): Statements {
  const run = (text: string, values: unknown[]) => connection.query({ text, values, types });
  return {
    $queryRawUnsafe: async <T>(sql: string, ...values: unknown[]) => (await run(sql, values)).rows as T,
    $executeRawUnsafe: async (sql, ...values) => (await run(sql, values)).rowCount ?? 0,
  };
}

/** Runs statements in one transaction. */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (statement: Statements) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(statementsOf(client));
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((failure: unknown) => {
      // Whatever state it is in, nobody else gets it.
      broken = failure as Error;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
