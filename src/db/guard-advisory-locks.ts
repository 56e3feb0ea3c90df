import type { PrismaClient } from './generated/client.ts';
import { waitForGrants } from './reader-role.ts';

export type LockGuard = {
  /** Whether only those who were granted them may take advisory locks. */
  readonly areGuarded: boolean;
  /** What a superuser of the database runs where this program's account is none. */
  readonly statement: string;
};

/** Functions whose locks would let a reader stop syncs and migrations. Everybody may call them, until a superuser says no. */
const locks = `pronamespace = 'pg_catalog'::regnamespace and proname ~ '^pg_(try_)?advisory_(xact_)?lock(_shared)?$'`;

/**
 * Takes advisory locks from everybody but the account of this program, whose runs they keep apart: a reader who holds one stops a
 * source. Only a superuser may; where this program is none, nothing happens.
 */
export async function guardAdvisoryLocks(prisma: PrismaClient): Promise<LockGuard> {
  const [guard] = await prisma.$queryRawUnsafe<(LockGuard & { readonly isSuperuser: boolean })[]>(
    `select not bool_or(has_function_privilege('public', oid, 'execute')) as "areGuarded",
       format('revoke execute on function %1$s from public; grant execute on function %1$s to %2$I',
         string_agg(oid::regprocedure::text, ', ' order by oid::regprocedure::text), current_user) as statement,
       (select rolsuper from pg_roles where rolname = current_user) as "isSuperuser"
     from pg_proc where ${locks}`,
  );
  if (guard === undefined) throw new Error('PostgreSQL has no advisory locks');
  const { areGuarded, statement, isSuperuser } = guard;
  if (areGuarded || !isSuperuser) return { areGuarded, statement };
  await prisma.$executeRawUnsafe(`do $$ begin ${waitForGrants} ${statement}; end $$`);
  return { areGuarded: true, statement };
}
