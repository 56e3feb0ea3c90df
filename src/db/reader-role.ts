import { grantShards } from './distribute/grant-shards.ts';
import type { PrismaClient } from './generated/client.ts';

export const readerRole = 'session_history_reader';

/** Two processes that grant at once, to whichever role, would fail each other ("tuple concurrently updated"). */
export const waitForGrants = `perform pg_advisory_xact_lock(hashtext('${readerRole}'));`;

/**
 * The role BI tools log in through: it may read schema `report` and nothing else. Returns false where this program's own
 * account may not create roles; then a database administrator has to. Safe to repeat, and against others doing the same.
 */
export async function ensureReaderRole(prisma: PrismaClient): Promise<boolean> {
  const [row] = await prisma.$queryRawUnsafe<{ exists: boolean }[]>(
    `select exists (select 1 from pg_roles where rolname = $1) as exists`,
    readerRole,
  );
  if (row?.exists !== true) {
    await prisma.$executeRawUnsafe(
      `do $$ begin
         create role ${readerRole} nologin;
       exception when duplicate_object or unique_violation or insufficient_privilege then null;
       end $$`,
    );
    const [made] = await prisma.$queryRawUnsafe<{ exists: boolean }[]>(
      `select exists (select 1 from pg_roles where rolname = $1) as exists`,
      readerRole,
    );
    if (made?.exists !== true) return false;
  }
  await prisma.$executeRawUnsafe(
    `do $$ begin
       ${waitForGrants}
       grant usage on schema report to ${readerRole};
       grant select on all tables in schema report to ${readerRole};
       alter default privileges in schema report grant select on tables to ${readerRole};
       -- Whoever may connect may make large objects, and fill the disk with them. Only a superuser can forbid it.
       begin
         revoke execute on function lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public;
       exception when insufficient_privilege then null;
       end;
     end $$`,
  );
  await grantShards(prisma, readerRole);
  return true;
}
