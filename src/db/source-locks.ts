import type pg from 'pg';
import { connectClient } from './connect-client.ts';

/** Classes of advisory locks, the first key; the second is the source. Numbers no other program is likely to use. */
const lockClasses = { run: 0x72756e73, tasks: 0x7461736b } as const;
export type LockPurpose = keyof typeof lockClasses;

/**
 * Milliseconds. A dead peer that sent no farewell is found out by the next heartbeat; without one for as long as `frozen`, the server
 * takes the locks away.
 */
const defaultTimes = { heartbeat: 15_000, frozen: 60_000 };
const patienceMs = 10_000;

export type SourceLock = {
  /** Aborted when the connection, and with it the lock, is gone. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
};

/** The locks of this process. */
export type SourceLocks = {
  /** Takes the source for a run (or its task backlog); undefined when another has it, in this process or elsewhere. */
  take(sourceId: number, purpose: LockPurpose): Promise<SourceLock | undefined>;
  close(): Promise<void>;
};

type Keeper = {
  readonly held: Map<string, AbortController>;
  /** One statement after the other; each one's patience begins with its turn. */
  ask<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row | undefined>;
  /** Gives up the connection and every lock in it. */
  drop(reason?: Error): void;
  close(): Promise<void>;
};

/**
 * Advisory locks, all in one connection of their own: PostgreSQL drops them the moment the process dies, however many
 * sources it reads. It needs a direct connection or a pooler in session mode. Opens nothing before the first lock.
 */
export function openSourceLocks(databaseUrl: string, times = defaultTimes): SourceLocks {
  let keeper: Promise<Keeper> | undefined;

  function open(): Promise<Keeper> {
    const opening = connect(() => {
      if (keeper === opening) keeper = undefined;
    });
    return opening;
  }

  async function connect(forget: () => void): Promise<Keeper> {
    const held = new Map<string, AbortController>();
    let heartbeat: NodeJS.Timeout | undefined = undefined;
    const lose = (reason?: Error) => {
      clearInterval(heartbeat);
      forget();
      for (const lock of held.values()) lock.abort(reason);
      held.clear();
    };
    const client = await connectClient(databaseUrl, 'session-history locks', {
      queryMs: patienceMs,
      settings: {
        // The server, too, should notice within a minute that this process is gone, not after two hours.
        tcp_keepalives_idle: '15',
        tcp_keepalives_interval: '5',
        tcp_keepalives_count: '3',
        // A process that froze keeps its connection, and with it the source, until the server has had enough. From PostgreSQL 14 on.
        idle_session_timeout: String(times.frozen),
      },
      prepare: (opened) => {
        opened.on('error', lose);
        opened.on('end', () => {
          lose();
        });
      },
    });
    const drop = (reason?: Error) => {
      lose(reason);
      void client.end().catch(() => undefined);
    };
    let turn: Promise<unknown> = Promise.resolve();
    const ask = <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) => {
      const answer = turn.then(async () => (await client.query<Row>(sql, [...values])).rows[0]);
      turn = answer.catch(() => undefined);
      return answer;
    };
    heartbeat = setInterval(() => {
      ask('select 1').catch(drop);
    }, times.heartbeat);
    heartbeat.unref();
    return { held, ask, drop, close: () => client.end().catch(() => undefined) };
  }

  return {
    take: async (sourceId, purpose) => {
      keeper ??= open();
      const opening = keeper;
      opening.catch(() => {
        if (keeper === opening) keeper = undefined;
      });
      const { held, ask, drop } = await opening;
      const name = `${purpose} ${sourceId}`;
      // PostgreSQL would grant the same session the same lock again.
      if (held.has(name)) return undefined;
      const lost = new AbortController();
      held.set(name, lost);
      const keys = [lockClasses[purpose], sourceId];
      let isTaken = false;
      try {
        isTaken =
          (await ask<{ taken: boolean }>('select pg_try_advisory_lock($1, $2) as taken', keys))?.taken ===
          true;
      } catch (error) {
        // It may have been granted all the same, and would keep others out for as long as the connection lives.
        drop(error as Error);
        throw error;
      } finally {
        if (!isTaken) held.delete(name);
      }
      if (!isTaken) return undefined;
      return {
        lost: lost.signal,
        release: async () => {
          if (held.get(name) !== lost) return;
          try {
            await ask('select pg_advisory_unlock($1, $2)', keys);
          } catch (error) {
            // A lock that may still be held must not outlive its run.
            drop(error as Error);
          } finally {
            held.delete(name);
          }
        },
      };
    },
    close: async () => {
      const closing = keeper;
      keeper = undefined;
      const open = await closing?.catch(() => undefined);
      await open?.close();
    },
  };
}
