import { connectRedis } from './connect-redis.ts';

export type RedisReport = {
  /** For example `Redis 7.0.15` or `Valkey 8.1.0`. */
  readonly server: string;
  /** Redis may drop keys of the queue when its memory is full. */
  readonly mayEvict: string | undefined;
  readonly keepsAppendOnlyFile: boolean;
};

/** Asks a Redis or Valkey what it is and how it is set up. Throws the first failure, without trying again. */
export async function examineRedis(url: string): Promise<RedisReport> {
  let onTrouble: (error: Error) => void = () => undefined;
  const trouble = new Promise<never>((_, reject) => {
    onTrouble = reject;
  });
  const redis = connectRedis(url, onTrouble);
  try {
    const facts = parseInfo(await Promise.race([redis.info(), trouble]));
    const policy = facts.get('maxmemory_policy');
    const isValkey = facts.has('valkey_version');
    return {
      server: isValkey
        ? `Valkey ${facts.get('valkey_version') ?? ''}`
        : `Redis ${facts.get('redis_version') ?? '?'}`,
      mayEvict: policy === undefined || policy === 'noeviction' ? undefined : policy,
      keepsAppendOnlyFile: facts.get('aof_enabled') === '1',
    };
  } finally {
    redis.disconnect();
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
