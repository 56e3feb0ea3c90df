import type { Finding } from '../cli/app.ts';
import type { Config } from '../config/config.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { RedisPlace } from '../queue/connect-redis.ts';
import { examineRedis } from '../queue/examine-redis.ts';
import type { History } from '../db/open-history.ts';
import { classifyFailure, openQueuesOf } from './queues.ts';
import { describeError } from './trouble.ts';

/** Looks at the queue as the service would use it: Redis's own settings first, then the queue itself. */
export async function* examineQueue(config: Config, history: History): AsyncGenerator<Finding> {
  try {
    if (config.redisUrl !== undefined) {
      const place = { url: config.redisUrl, caPem: config.redisCaPem };
      const findings = await examineRedisServer(place);
      yield* findings;
      if (findings.some(({ verdict }) => verdict === 'bad')) return;
    }
    const queues = await openQueuesOf(config, history, () => undefined);
    try {
      const { sync } = await queues.count();
      const jobs = (sync['waiting'] ?? 0) + (sync['active'] ?? 0);
      const where = config.redisUrl === undefined ? "the history's own PostgreSQL, schema bullmq" : 'Redis';
      yield { verdict: 'good', what: `queue: in ${where}, ${jobs} syncs waiting or under way` };
    } finally {
      await queues.close();
    }
  } catch (error) {
    yield { verdict: 'bad', what: `queue: ${describeError(classifyFailure(error))}` };
  }
}

async function examineRedisServer(place: RedisPlace): Promise<readonly Finding[]> {
  const report = await examineRedis(place).catch((error: unknown) => {
    throw new SyncError(
      'transient',
      `Redis does not answer: ${describeError(error)}. Is REDIS_URL right, and is the server running? Without REDIS_URL the queue lives in PostgreSQL.`,
    );
  });
  const findings: Finding[] = [{ verdict: 'good', what: `queue server: ${report.server} answers` }];
  if (report.unsupported !== undefined)
    findings.push({ verdict: 'bad', what: `queue server: ${report.unsupported}` });
  if (report.writeFailure !== undefined)
    findings.push({ verdict: 'bad', what: `queue server: it does not take a write: ${report.writeFailure}` });
  if (report.mayEvict !== undefined) {
    findings.push({
      verdict: 'warning',
      what: `queue server: it drops keys when its memory is full (maxmemory-policy ${report.mayEvict}); set maxmemory-policy noeviction`,
    });
  }
  if (report.keepsAppendOnlyFile === false) {
    findings.push({
      verdict: 'warning',
      what: 'queue server: it keeps no append-only file; after its restart the schedule is rebuilt, nothing else is lost. Set appendonly yes',
    });
  }
  return findings;
}
