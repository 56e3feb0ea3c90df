import { isDeepStrictEqual } from 'node:util';
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

type KeyRow = {
  readonly installation: string;
  readonly hasKeys: boolean;
  readonly id: string | null;
  readonly scope: KeyScope | null;
  readonly isUseNoted: boolean | null;
  readonly sources: readonly string[];
  readonly customers: readonly string[];
  readonly expiredAt: string | null;
};

/** As they stand with the key. */
export type KeyLimits = Pick<Limits, 'sources' | 'customers'>;

type SourcesRow = { readonly version: string; readonly customerSources: readonly string[] };

/**
 * All that comes before an answer. `hash` is the SHA-256 of the key that was sent, if any. Two questions: keys lie on one server, sources
 * and labels on all those of a distributed history. With the limits that are `expected` of the key both are asked at once; should they
 * have changed, the second is asked again.
 */
export async function readAccess(
  pool: pg.Pool,
  hash: Buffer | undefined,
  expected?: KeyLimits,
): Promise<Access> {
  const early = expected && readSources(pool, expected);
  // Of its failure hears who waits for it; with the key refused, nobody does.
  early?.catch(() => undefined);
  const { rows: keys } = await pool.query<KeyRow>({
    name: 'read-key',
    text: `select
       (select id from installation limit 1) as installation,
       exists (select 1 from api_keys) as "hasKeys",
       key.id,
       key.scope,
       key.last_used_at > now() - interval '1 minute' as "isUseNoted",
       case when key.expires_at <= now() then to_char(key.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end
         as "expiredAt",
       coalesce(key.sources, '{}') as sources,
       coalesce(key.customers, '{}') as customers
     from (values (1)) as always
     left join api_keys as key on key.key_hash = $1::bytea and key.revoked_at is null`,
    values: [hash ?? null],
  });
  const [row] = keys;
  if (row === undefined) throw new Error('the database answered without a row');
  const { installation, hasKeys, id, scope, isUseNoted, expiredAt, sources, customers } = row;
  const isGood = id !== null && scope !== null && expiredAt === null;
  const isAsExpected =
    expected !== undefined && isDeepStrictEqual([sources, customers], [expected.sources, expected.customers]);
  const { version, customerSources } =
    isGood || !hasKeys
      ? await ((isAsExpected ? early : undefined) ?? readSources(pool, { sources, customers }))
      : // Who is refused is shown nothing.
        { version: '', customerSources: [] };
  const limits: Limits = id === null ? noLimits : { sources, customers, customerSources };
  return {
    version: `${installation}-${version} ${JSON.stringify(limits)}`,
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

/** Of the sources that these limits leave: their state, and the names of those that belong to the customers as a whole. */
async function readSources(pool: pg.Pool, { sources, customers }: KeyLimits): Promise<SourcesRow> {
  const { rows } = await pool.query<SourcesRow>({
    name: 'read-sources',
    text: `select
       coalesce(sum(version) filter (where is_seen), 0) || '.' || count(*) filter (where is_seen) as version,
       coalesce(array_agg(name) filter (where is_of_customers), '{}') as "customerSources"
     from (
       select source.version, source.name,
         (cardinality($1::text[]) = 0 or source.name = any($1::text[]))
         and (
           cardinality($2::text[]) = 0
           or exists (select 1 from labels where labels.source_id = source.id and labels.customer = any($2::text[]))
         ) as is_seen,
         cardinality($2::text[]) > 0
         and exists (
           select 1 from labels
           where labels.source_id = source.id and labels.scope = 'source' and labels.customer = any($2::text[])
         ) as is_of_customers
       from sources as source
     ) as source`,
    values: [sources, customers],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('the database answered without a row');
  return { ...row, customerSources: [...row.customerSources].sort() };
}

/** Notes that a key was used, to the minute. */
export async function noteKeyUse(pool: pg.Pool, id: string): Promise<void> {
  await pool.query('update api_keys set last_used_at = now() where id::text = $1::text', [id]);
}
