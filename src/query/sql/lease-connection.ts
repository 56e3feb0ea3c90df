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

const ignore = (): void => undefined;
