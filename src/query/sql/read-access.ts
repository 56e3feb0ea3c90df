import type pg from 'pg';
import type { KeyScope } from '../../domain/api-key.ts';

/** Who asks, and what state of the history they would be shown. */
export type Access = {
  /** Changes with every commit that a reader could notice. */
  readonly version: string;
  /** Whether a key was ever made: that the last one was revoked must not open what it closed. */
  readonly hasKeys: boolean;
  /** The good key of that hash. */
  readonly key: { readonly id: string; readonly scope: KeyScope; readonly isUseNoted: boolean } | undefined;
};

type AccessRow = {
  readonly version: string;
  readonly hasKeys: boolean;
  readonly id: string | null;
  readonly scope: KeyScope | null;
  readonly isUseNoted: boolean | null;
};

/** One question for all that comes before an answer. `hash` is the SHA-256 of the key that was sent, if any. */
export async function readAccess(pool: pg.Pool, hash: Buffer | undefined): Promise<Access> {
  const { rows } = await pool.query<AccessRow>({
    name: 'read-access',
    text: `select
       (select id from installation limit 1) || '-' || (select coalesce(sum(version), 0) from sources) as version,
       exists (select 1 from api_keys) as "hasKeys",
       key.id,
       key.scope,
       key.last_used_at > now() - interval '1 minute' as "isUseNoted"
     from (values (1)) as always
     left join api_keys as key on key.key_hash = $1::bytea and key.revoked_at is null`,
    values: [hash ?? null],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('the database answered without a row');
  const { version, hasKeys, id, scope, isUseNoted } = row;
  return {
    version,
    hasKeys,
    key: id === null || scope === null ? undefined : { id, scope, isUseNoted: isUseNoted === true },
  };
}

/** Notes that a key was used, to the minute. */
export async function noteKeyUse(pool: pg.Pool, id: string): Promise<void> {
  await pool.query('update api_keys set last_used_at = now() where id::text = $1::text', [id]);
}
