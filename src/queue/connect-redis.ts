import { rootCertificates } from 'node:tls';
import { Redis } from 'ioredis';

const patienceMs = 15_000;

/** Where the queue's server is. */
export type RedisPlace = {
  readonly url: string;
  /** Certificates to trust beside Node's own, for rediss://. */
  readonly caPem: string | undefined;
};

/**
 * One connection to Redis or Valkey that comes back by itself for ever, and that is given up and made anew when the other end
 * has gone silent. Opens at once; commands wait until it is ready, or fail after their patience.
 */
export function connectRedis({ url, caPem }: RedisPlace, onTrouble: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    connectionName: 'session-history',
    ...(caPem !== undefined && url.startsWith('rediss:') && { tls: { ca: [...rootCertificates, caPem] } }),
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
