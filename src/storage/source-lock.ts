import pg from 'pg';

/** Classes of advisory locks, the first key; the second is the source. Numbers no other program is likely to use. */
const lockClasses = { run: 0x72756e73, tasks: 0x7461736b } as const;

export type SourceLock = {
  /** Aborted when the connection, and with it the lock, is gone. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
};

/**
 * Takes the source for a run (or its task backlog), or returns undefined when another has it. The lock lives in a connection of its own:
 * PostgreSQL drops it the moment the process dies. It needs a direct connection or a pooler in session mode.
 */
export async function lockSource(
  databaseUrl: string,
  sourceId: number,
  purpose: keyof typeof lockClasses,
): Promise<SourceLock | undefined> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'session-history lock',
    keepAlive: true,
  });
  const lost = new AbortController();
  client.on('error', (error) => lost.abort(error));
  let isReleased = false;
  client.on('end', () => {
    if (!isReleased) lost.abort();
  });
  await client.connect();
  const answer = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1, $2) as taken', [
    lockClasses[purpose],
    sourceId,
  ]);
  if (answer.rows[0]?.taken !== true) {
    await client.end();
    return undefined;
  }
  return {
    lost: lost.signal,
    release: async () => {
      isReleased = true;
      await client.end().catch(() => undefined);
    },
  };
}
