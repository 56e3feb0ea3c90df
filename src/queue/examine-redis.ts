import type { Redis } from 'ioredis';
import { connectRedis, type RedisPlace } from './connect-redis.ts';

export type RedisReport = {
  /** For example `Redis 7.0.15` or `Valkey 8.1.0`; without a number where the account may not ask. */
  readonly server: string;
  /** What this server is, where the queue cannot live on it; a sentence with what to do. */
  readonly unsupported: string | undefined;
  /** What the server says to a write; undefined when it took one. */
  readonly writeFailure: string | undefined;
  /** Redis may drop keys of the queue when its memory is full. */
  readonly mayEvict: string | undefined;
  /** Undefined where the account may not ask. */
  readonly keepsAppendOnlyFile: boolean | undefined;
};

/** Nobody reads it, and it is gone in a second. Braces and name are those of the queue's keys, for accounts limited to them. */
const probeKey = '{session-history:check}';

/** Asks a Redis or Valkey what it is, how it is set up, and whether it takes a write. Throws the first failure to reach it. */
export async function examineRedis(place: RedisPlace): Promise<RedisReport> {
  let onTrouble: (error: Error) => void = () => undefined;
  const trouble = new Promise<never>((_, reject) => {
    onTrouble = reject;
  });
  const redis = connectRedis(place, onTrouble);
  try {
    const facts = await Promise.race([readFacts(redis), trouble]);
    const policy = facts.get('maxmemory_policy');
    const unsupported = describeUnsupported(facts);
    return {
      server: describeServer(facts),
      unsupported,
      writeFailure: unsupported === undefined ? await Promise.race([tryWrite(redis), trouble]) : undefined,
      mayEvict: policy === undefined || policy === 'noeviction' ? undefined : policy,
      keepsAppendOnlyFile: facts.size === 0 ? undefined : facts.get('aof_enabled') === '1',
    };
  } finally {
    redis.disconnect();
  }
}

/** The answer to INFO; empty where the account may not ask, which the queue does not need. */
async function readFacts(redis: Redis): Promise<ReadonlyMap<string, string>> {
  try {
    return parseInfo(await redis.info());
  } catch (error) {
    if (/^NOPERM\b/.test((error as Error).message)) return new Map();
    throw error;
  }
}

function describeServer(facts: ReadonlyMap<string, string>): string {
  if (facts.size === 0) return 'Redis (this account may not run INFO, which is no fault)';
  return facts.has('valkey_version')
    ? `Valkey ${facts.get('valkey_version') ?? ''}`
    : `Redis ${facts.get('redis_version') ?? '?'}`;
}

function describeUnsupported(facts: ReadonlyMap<string, string>): string | undefined {
  const [mode, role] = [facts.get('redis_mode') ?? facts.get('server_mode'), facts.get('role')];
  if (mode === 'sentinel')
    return 'it is a Sentinel, which is not supported: REDIS_URL has to name the primary server itself';
  if (mode === 'cluster')
    return 'it is part of a Cluster, which is not supported: give the queue a server of its own';
  if (role === 'slave')
    return 'it is a replica and takes no writes: REDIS_URL has to name the primary server';
  return undefined;
}

async function tryWrite(redis: Redis): Promise<string | undefined> {
  try {
    await redis.set(probeKey, '', 'PX', 1_000);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** `name:value`, a line each, of the answer to INFO. */
function parseInfo(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .split('\r\n')
      .map((line) => line.split(':', 2))
      .filter((pair): pair is [string, string] => pair.length === 2),
  );
}
