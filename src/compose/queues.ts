import type { Config } from '../config/config.ts';
import type { SyncError } from '../domain/sync-error.ts';
import { classifyQueueError } from '../queue/classify-queue-error.ts';
import { connectRedis } from '../queue/connect-redis.ts';
import { openQueues, type QueueOptions, type QueuePool, type Queues } from '../queue/open-queues.ts';
import { classifyDatabaseError } from '../db/classify-database-error.ts';
import { openQueuePool, type History } from '../db/open-history.ts';
import { readInstallation } from '../db/schedule.ts';

/** The queues of the configuration, with the connections they live on. Throws SyncError. */
export async function openQueuesOf(
  config: Pick<Config, 'redisUrl' | 'redisCaPem' | 'tracing'>,
  history: History,
  onTrouble: (error: Error) => void,
): Promise<Queues> {
  const options: QueueOptions = { onTrouble, isTraced: config.tracing };
  try {
    if (config.redisUrl === undefined) {
      const pool = openQueuePool(history.url, onTrouble);
      return await owning(openQueues({ kind: 'postgres', pool: pool as unknown as QueuePool }, options), () =>
        pool.end(),
      );
    }
    // Braces: where keys are spread over nodes, all of one queue have to lie on one.
    const prefix = `{session-history:${(await readInstallation(history.prisma)).slice(0, 8)}}`;
    const redis = connectRedis({ url: config.redisUrl, caPem: config.redisCaPem }, onTrouble);
    return await owning(openQueues({ kind: 'redis', redis, prefix }, options), () => {
      redis.disconnect();
      return Promise.resolve();
    });
  } catch (error) {
    throw classifyFailure(error);
  }
}

/** Whichever of the two it was that failed, as a SyncError. */
export function classifyFailure(error: unknown): SyncError {
  return classifyQueueError(error) ?? classifyDatabaseError(error);
}

/** The queues, with what they live on closed after them, or at once when they cannot be opened. */
async function owning(opening: Promise<Queues>, release: () => Promise<void>): Promise<Queues> {
  try {
    const queues = await opening;
    return {
      ...queues,
      close: async () => {
        try {
          await queues.close();
        } finally {
          await release();
        }
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}
