import { fileURLToPath } from 'node:url';
import type { QueryOptions, SyncRequest } from '../api/query-options.ts';
import type { Config } from '../config/config.ts';
import { isRefused } from '../domain/next-run.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { Queues } from '../queue/open-queues.ts';
import type { Closable, ServiceState } from '../service/run-service.ts';
import type { History } from '../db/open-history.ts';
import {
  downloadsAtOnce,
  openAccessPool,
  openQueryPool,
  questionsAtOnce,
  type QueryPool,
} from '../query/sql/open-query-pool.ts';
import { noteKeyUse, readAccess } from '../query/sql/read-access.ts';
import { changeLabels } from '../db/labels.ts';
import { readProgress } from '../db/schedule.ts';
import { classifyFailure } from './queues.ts';

const readOnlyTransaction = '25006';

/** How long a request may wait for totals of days to be kept. Milliseconds. */
const settlingMs = 2_000;

/** What the query API works with, as far as it is there already. */
export function openQueries(parts: {
  readonly config: Pick<Config, 'apiRateLimit' | 'apiCorsOrigins' | 'apiDatabaseUrl'>;
  readonly version: string;
  readonly state: Readonly<ServiceState<History, Queues>>;
  readonly onTrouble: (error: Error) => void;
}): Closable & { readonly options: QueryOptions & { readonly hasKeys: () => Promise<boolean> } } {
  const { config, state, onTrouble } = parts;
  let pool: QueryPool | undefined;
  let access: QueryPool | undefined;
  const urlOf = (history: History) => config.apiDatabaseUrl ?? history.url;
  const accessPool = () => {
    if (state.history !== undefined) access ??= openAccessPool(urlOf(state.history), onTrouble);
    return access;
  };
  // Once there was a key, there always was.
  let hadKeys = false;
  return {
    options: {
      version: parts.version,
      dashboardFolder: fileURLToPath(new URL('../dashboard', import.meta.url)),
      rateLimit: config.apiRateLimit,
      corsOrigins: config.apiCorsOrigins,
      pool: () => {
        if (state.history !== undefined)
          pool ??= openQueryPool(urlOf(state.history), questionsAtOnce + downloadsAtOnce, onTrouble);
        return pool;
      },
      accessPool,
      hasKeys: async () => {
        const from = accessPool();
        if (!hadKeys && from !== undefined)
          hadKeys = await readAccess(from, undefined)
            .then(({ hasKeys }) => hasKeys)
            .catch(() => false);
        return hadKeys;
      },
      noteKeyUse: (id) => {
        const to = accessPool();
        if (to === undefined) return;
        noteKeyUse(to, id)
          .catch((error: unknown) => {
            // The API may read a replica, which takes no writes; its primary does.
            const isReplica = (error as { readonly code?: unknown }).code === readOnlyTransaction;
            if (!isReplica || state.history === undefined) throw error;
            return noteKeyUse(state.history.pool, id);
          })
          .catch(onTrouble);
      },
      labels: {
        // The rest of the totals is kept by the next sync: nobody waits for it.
        change: (changes) =>
          changeLabels(readyHistory(state).prisma, changes, performance.now() + settlingMs),
      },
      requestSync: async (source) => {
        if (state.history === undefined || state.queues === undefined)
          throw new SyncError('transient', 'The queue is not there yet.');
        return requestSync(state.history, state.queues, source);
      },
    },
    close: async () => {
      await Promise.all([pool?.end(), access?.end()]);
    },
  };
}

function readyHistory({ history }: Readonly<ServiceState<History, Queues>>): History {
  if (history === undefined) throw new SyncError('transient', 'The database does not answer yet.');
  return history;
}

async function requestSync(history: History, queues: Queues, source: string): Promise<SyncRequest> {
  const [progress] = await readProgress(history, source);
  if (progress === undefined) {
    const known = await history.prisma.source.findUnique({ where: { name: source }, select: { id: true } });
    return known === null ? 'unknown' : 'not-scheduled';
  }
  // Asking again and again would lock the account.
  if (isRefused(progress, Date.now())) return 'credentials-refused';
  try {
    await queues.add({ name: 'sync', source, trigger: 'api' }, source, 'again');
  } catch (error) {
    throw classifyFailure(error);
  }
  return 'queued';
}
