import type pg from 'pg';
import type { KeyScope } from '../../domain/api-key.ts';
import { noLimits, type Limits } from '../limits.ts';

/** Who asks, and what state of the history they would be shown. */
export type Access = {
  /** Changes with every commit that this reader could notice. */
  readonly version: string;
  /** Whether a key was ever made: that the last one was revoked must not open what it closed. */
  readonly hasKeys: boolean;
  /** The good key of that hash. */
  readonly key: { readonly id: string; readonly scope: KeyScope; readonly isUseNoted: boolean } | undefined;
  /** What that key may see; nothing else says what a request may see. */
  readonly limits: Limits;
  /** When the key of that hash ended, if it did. ISO 8601. */
  readonly expiredAt: string | undefined;
};

type AccessRow = {
  readonly version: string;
  readonly hasKeys: boolean;
  readonly id: string | null;
  readonly scope: KeyScope | null;
  readonly isUseNoted: boolean | null;
  readonly sources: readonly string[] | null;
  readonly customers: readonly string[] | null;
  readonly customerSources: readonly string[];
  readonly expiredAt: string | null;
};

/** One question for all that comes before an answer. `hash` is the SHA-256 of the key that was sent, if any. */
export async function readAccess(pool: pg.Pool, hash: Buffer | undefined): Promise<Access> {
  const { rows } = await pool.query<AccessRow>({
    name: 'read-access',
    text: `select
       (select id from installation limit 1) || '-' || (
         select coalesce(sum(version), 0) || '.' || count(*)
         from sources as source
         where (coalesce(cardinality(key.sources), 0) = 0 or source.name = any(key.sources))
           and (
             coalesce(cardinality(key.customers), 0) = 0
             or exists (select 1 from labels where labels.source_id = source.id and labels.customer = any(key.customers))
           )
       ) as version,
       exists (select 1 from api_keys) as "hasKeys",
       key.id,
       key.scope,
       key.last_used_at > now() - interval '1 minute' as "isUseNoted",
       case when key.expires_at <= now() then to_char(key.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end
         as "expiredAt",
       key.sources,
       key.customers,
       array(
         select source.name
         from labels
         join sources as source on source.id = labels.source_id
         where labels.scope = 'source' and labels.customer = any(key.customers)
         order by source.name
       ) as "customerSources"
     from (values (1)) as always
     left join api_keys as key on key.key_hash = $1::bytea and key.revoked_at is null`,
    values: [hash ?? null],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('the database answered without a row');
  const { hasKeys, id, scope, isUseNoted, expiredAt, customerSources } = row;
  const isGood = id !== null && scope !== null && expiredAt === null;
  const limits: Limits =
    id === null ? noLimits : { sources: row.sources ?? [], customers: row.customers ?? [], customerSources };
  return {
    version: `${row.version} ${JSON.stringify(limits)}`,
    hasKeys,
    key: isGood ? { id, scope, isUseNoted: isUseNoted === true } : undefined,
    limits,
    expiredAt: expiredAt ?? undefined,
  };
}

/** The SHA-256 of every key that is good now, in base64; of very many, the newest. */
export async function readGoodKeys(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ hash: string }>({
    name: 'read-good-keys',
    text: `select encode(key_hash, 'base64') as hash
      from api_keys
      where revoked_at is null and (expires_at is null or expires_at > now())
      order by created_at desc
      limit 5000`,
  });
  return rows.map(({ hash }) => hash);
}

/** Notes that a key was used, to the minute. */
export async function noteKeyUse(pool: pg.Pool, id: string): Promise<void> {
  await pool.query('update api_keys set last_used_at = now() where id::text = $1::text', [id]);
}
