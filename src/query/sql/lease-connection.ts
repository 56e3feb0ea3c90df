import type pg from 'pg';

export type Lease = {
  readonly client: pg.PoolClient;
  /** Gives the connection back; one that is in the middle of something is closed, for others it is of no use. */
  end(how: { readonly isClean: boolean }): void;
};

/** A connection of the pool, until `end` or the signal, which closes it at once and its statement with it. */
export async function leaseConnection(pool: pg.Pool, signal: AbortSignal): Promise<Lease> {
  signal.throwIfAborted();
  const client = await pool.connect();
  let isEnded = false;
  const end: Lease['end'] = ({ isClean }) => {
    if (isEnded) return;
    isEnded = true;
    signal.removeEventListener('abort', cut);
    // One that is given up may still break on its way out.
    if (isClean) client.off('error', ignore);
    client.release(!isClean);
  };
  const cut = () => {
    end({ isClean: false });
  };
  signal.addEventListener('abort', cut);
  // Between two statements nobody waits for the connection, and its loss would end the process; the next statement tells.
  client.on('error', ignore);
  if (signal.aborted) cut();
  signal.throwIfAborted();
  return { client, end };
}

export type Connection = pg.ClientBase;

/** Runs some questions on one connection, which the signal closes. Throws the driver's errors, or the signal's reason. */
export async function withConnection<T>(
  pool: pg.Pool,
  signal: AbortSignal,
  ask: (connection: Connection) => Promise<T>,
): Promise<T> {
  const { client, end } = await leaseConnection(pool, signal);
  try {
    const answer = await ask(client);
    end({ isClean: true });
    return answer;
  } catch (error) {
    end({ isClean: false });
    signal.throwIfAborted();
    throw error;
  }
}

const ignore = (): void => undefined;
