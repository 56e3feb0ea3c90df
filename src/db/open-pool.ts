import pg from 'pg';
import { startSession, type SessionSettings } from './start-session.ts';

/** How every connection finds out that its other end is not there, or is there no longer. */
export const patience = {
  connectionTimeoutMillis: 10_000,
  keepAlive: true,
  // Without it the system waits for two hours before it asks.
  keepAliveInitialDelayMillis: 10_000,
} as const satisfies pg.ClientConfig;

/** Start-up parameters are left out: poolers refuse or ignore them, and the address overrules them. `settings` take their place. */
type StartUpParameters =
  'options' | 'statement_timeout' | 'lock_timeout' | 'idle_in_transaction_session_timeout' | 'onConnect';

export type PoolConfig = Omit<pg.PoolConfig, StartUpParameters> & {
  /** Set on every connection, on top of what all of this program's connections have. */
  readonly settings?: SessionSettings;
  /** The same, for settings that some systems refuse. */
  readonly settingsIfPossible?: SessionSettings;
};

/**
 * A pool whose connections have this program's settings before anybody gets one, and none of which can end the process by
 * breaking. `onError` hears of idle ones that broke. Opens nothing before the first statement.
 */
export function openPool(
  { settings = {}, settingsIfPossible = {}, ...config }: PoolConfig,
  onError: (error: Error) => void,
): pg.Pool {
  const pool = new pg.Pool({
    ...patience,
    ...config,
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool waits for it, its types do not say so
    onConnect: async (client) => {
      await startSession(client, settings);
      for (const [name, value] of Object.entries(settingsIfPossible))
        await client.query('select set_config($1, $2, false)', [name, value]).catch(() => undefined);
    },
  });
  pool.on('error', onError);
  // The pool listens to idle clients only. One that breaks in somebody's hands tells so at the next statement; without a listener
  // its event would be thrown at nobody, and end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
