import { createHash, randomBytes } from 'node:crypto';
import type { ApiKey, KeyScope } from '../domain/api-key.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { Statements, Transaction } from './statements.ts';

/** Makes secret scanners and people know one when they see it. */
const mark = 'shk_';
const isGood = `revoked_at is null and (expires_at is null or expires_at > now())`;
const columns = `id, name, scope, created_at as "createdAt", last_used_at as "lastUsedAt",
  expires_at as "expiresAt", revoked_at as "revokedAt"`;
/** Any number that nothing else in the database locks: "keys" in ASCII. */
const keysLock = 0x6b657973;

/** Makes a key of 256 random bits and returns it, once: only its hash is stored. */
export async function createApiKey(
  statement: Statements,
  wanted: { readonly name: string; readonly scope: KeyScope; readonly expiresAt?: Timestamp },
): Promise<{ readonly id: string; readonly key: string }> {
  const key = makeKey();
  const [row] = await statement.$queryRawUnsafe<{ id: string }[]>(
    `insert into api_keys (name, scope, key_hash, expires_at)
     values ($1::text, $2::text, $3::bytea, $4::text::timestamptz) returning id`,
    wanted.name,
    wanted.scope,
    hashKey(key),
    wanted.expiresAt ?? null,
  );
  if (row === undefined) throw new Error('the database answered without a row');
  return { id: row.id, key };
}

/**
 * Makes the first key of a history and returns it, once; undefined when there is a good one. Of any number of processes that start
 * at once, one makes it.
 */
export async function createFirstKey(transaction: Transaction, name: string): Promise<string | undefined> {
  return transaction(async (statement) => {
    // A statement of its own: the next one has to see what was committed while this one waited.
    await statement.$executeRawUnsafe(`select pg_advisory_xact_lock(${keysLock})`);
    if (await hasApiKey(statement)) return undefined;
    return (await createApiKey(statement, { name, scope: 'read' })).key;
  });
}

/** All keys, the revoked ones too, the oldest first. */
export function listApiKeys(statement: Statements): Promise<ApiKey[]> {
  return statement.$queryRawUnsafe<ApiKey[]>(`select ${columns} from api_keys order by created_at, id`);
}

/** Returns false when there is no such key that is still good. */
export async function revokeApiKey(statement: Statements, id: string): Promise<boolean> {
  const revoked = await statement.$executeRawUnsafe(
    `update api_keys set revoked_at = now() where id::text = $1::text and revoked_at is null`,
    id,
  );
  return revoked > 0;
}

/** Whether any key is good. */
export async function hasApiKey(statement: Statements): Promise<boolean> {
  const rows = await statement.$queryRawUnsafe<unknown[]>(
    `select 1 as good from api_keys where ${isGood} limit 1`,
  );
  return rows.length > 0;
}

function makeKey(): string {
  return `${mark}${randomBytes(32).toString('base64url')}`;
}

/** SHA-256: a key is 256 random bits, so nothing slower is needed. */
export function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
