import { createHash, randomBytes } from 'node:crypto';
import type { ApiKey } from '../domain/api-key.ts';
import type { PrismaClient } from './generated/client.ts';

/** Makes secret scanners and people know one when they see it. */
const mark = 'shk_';
const columns = `id, name, scope, sources, customers, created_at as "createdAt", last_used_at as "lastUsedAt", revoked_at as "revokedAt"`;

/** Makes a key of 256 random bits and returns it, once: only its hash is stored. */
export async function createApiKey(
  prisma: PrismaClient,
  wanted: Pick<ApiKey, 'name' | 'scope' | 'sources' | 'customers'>,
): Promise<{ readonly id: string; readonly key: string }> {
  const key = `${mark}${randomBytes(32).toString('base64url')}`;
  const [row] = await prisma.$queryRawUnsafe<{ id: string }[]>(
    `insert into api_keys (name, scope, key_hash, sources, customers)
     values ($1::text, $2::text, $3::bytea, $4::text[], $5::text[]) returning id`,
    wanted.name,
    wanted.scope,
    hashKey(key),
    wanted.sources,
    wanted.customers,
  );
  if (row === undefined) throw new Error('the database answered without a row');
  return { id: row.id, key };
}

/** All keys, the revoked ones too, the oldest first. */
export function listApiKeys(prisma: PrismaClient): Promise<ApiKey[]> {
  return prisma.$queryRawUnsafe<ApiKey[]>(`select ${columns} from api_keys order by created_at, id`);
}

/** Returns false when there is no such key that is still good. */
export async function revokeApiKey(prisma: PrismaClient, id: string): Promise<boolean> {
  const revoked = await prisma.$executeRawUnsafe(
    `update api_keys set revoked_at = now() where id::text = $1::text and revoked_at is null`,
    id,
  );
  return revoked > 0;
}

/** Whether any key is good. */
export async function hasApiKey(prisma: PrismaClient): Promise<boolean> {
  const rows = await prisma.$queryRawUnsafe<unknown[]>(
    `select 1 as good from api_keys where revoked_at is null limit 1`,
  );
  return rows.length > 0;
}

/** SHA-256: a key is 256 random bits, so nothing slower is needed. */
export function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
