import pg from 'pg';

/** How every connection finds out that its other end is not there, or is there no longer. */
export const patience = {
  connectionTimeoutMillis: 10_000,
  keepAlive: true,
  // Without it the system waits for two hours before it asks.
  keepAliveInitialDelayMillis: 10_000,
} as const satisfies pg.ClientConfig;

/** A pool none of whose connections can end the process by breaking. `onError` hears of idle ones. */
export function openPool(config: pg.PoolConfig, onError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({ ...patience, ...config });
  pool.on('error', onError);
  // The pool listens to idle clients only. One that breaks in somebody's hands tells so at the next statement; without a listener
  // its event would be thrown at nobody, and end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
