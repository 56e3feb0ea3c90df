import { Redis } from 'ioredis';

const patienceMs = 15_000;

/**
 * One connection to Redis or Valkey that comes back by itself for ever, and that is given up and made anew when the other end
 * has gone silent. Opens at once; commands wait until it is ready, or fail after their patience.
 */
export function connectRedis(url: string, onTrouble: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    connectionName: 'session-history',
    // What BullMQ asks for: a blocking command must not be given up for a reconnect.
    maxRetriesPerRequest: null,
    connectTimeout: 10_000,
    commandTimeout: patienceMs,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(250 * 2 ** Math.min(attempt, 6), 10_000),
  });
  redis.on('error', onTrouble);
  const heartbeat = setInterval(() => {
    if (redis.status !== 'ready') return;
    redis.ping().catch(() => {
      if (redis.status === 'ready') redis.disconnect(true);
    });
  }, patienceMs);
  heartbeat.unref();
  redis.on('end', () => {
    clearInterval(heartbeat);
  });
  return redis;
}
