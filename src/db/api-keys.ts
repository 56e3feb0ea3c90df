import { createHash, randomBytes } from 'node:crypto';
import type { ApiKey, KeyScope } from '../domain/api-key.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { Prisma, PrismaClient } from './generated/client.ts';

/** Makes secret scanners and people know one when they see it. */
const mark = 'shk_';
/** Any number that nothing else in the database locks: "keys" in ASCII. */
const keysLock = 0x6b657973;

type Keys = Pick<PrismaClient | Prisma.TransactionClient, 'apiKey' | '$queryRaw'>;

/** Makes a key of 256 random bits and returns it, once: only its hash is stored. */
export async function createApiKey(
  { apiKey }: Pick<Keys, 'apiKey'>,
  wanted: {
    readonly name: string;
    readonly scope: KeyScope;
    /** What it may see; empty: all. */
    readonly sources?: readonly string[];
    readonly customers?: readonly string[];
    readonly expiresAt?: Timestamp;
  },
): Promise<{ readonly id: string; readonly key: string }> {
  const key = `${mark}${randomBytes(32).toString('base64url')}`;
  const { name, scope, sources = [], customers = [], expiresAt } = wanted;
  const { id } = await apiKey.create({
    data: {
      name,
      scope,
      sources: [...sources],
      customers: [...customers],
      keyHash: new Uint8Array(hashKey(key)),
      expiresAt: expiresAt ?? null,
    },
    select: { id: true },
  });
  return { id, key };
}

/**
 * Makes the first key of a history and returns it, once; undefined when there is a good one. Of any number of processes that
 * start at once, one makes it.
 */
export function createFirstKey(prisma: PrismaClient, name: string): Promise<string | undefined> {
  return prisma.$transaction(async (tx) => {
    // A statement of its own: the next one has to see what was committed while this one waited.
    await tx.$executeRaw`select pg_advisory_xact_lock(${keysLock}::bigint)`;
    if (await hasApiKey(tx)) return undefined;
    return (await createApiKey(tx, { name, scope: 'read' })).key;
  });
}

/** All keys, the revoked ones too, the oldest first. */
export async function listApiKeys({ apiKey }: PrismaClient): Promise<readonly ApiKey[]> {
  const keys = await apiKey.findMany({
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    omit: { keyHash: true },
  });
  return keys.map((key) => ({ ...key, scope: key.scope as KeyScope }));
}

/** Returns false when there is no such key that is still good. */
export async function revokeApiKey(prisma: PrismaClient, id: string): Promise<boolean> {
  const revoked = await prisma.$executeRaw`
    update api_keys set revoked_at = now() where id::text = ${id}::text and revoked_at is null`;
  return revoked > 0;
}

/** Whether any key is good. */
export async function hasApiKey(keys: Keys): Promise<boolean> {
  const good = await keys.$queryRaw<unknown[]>`
    select 1 as good from api_keys
    where revoked_at is null and (expires_at is null or expires_at > now())
    limit 1`;
  return good.length > 0;
}

/** SHA-256: a key is 256 random bits, so nothing slower is needed. */
export function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
