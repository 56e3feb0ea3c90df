import pg from 'pg';

/** A database that a test may ask. */
export type QueriedDatabase = {
  readonly url: string;
  query<Row extends pg.QueryResultRow = Record<string, unknown>>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<Row[]>;
  drop(): Promise<void>;
};

/** `drop` is called when nobody asks any more. */
export function queryDatabase(url: string, drop: () => Promise<void>): QueriedDatabase {
  const pool = new pg.Pool({ connectionString: url, max: 2, application_name: 'test' });
  pool.on('error', () => undefined);
  return {
    url,
    query: async <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(sql, [...values])).rows,
    drop: async () => {
      await pool.end();
      await drop();
    },
  };
}
