import { grantShards } from './distribute/grant-shards.ts';
import type { PrismaClient } from './generated/client.ts';
import { waitForGrants } from './reader-role.ts';

const role = 'session_history_api';

/** Beside all of schema `report`: what questions are answered from, and what says who asks. */
const readTables = [
  'api_keys',
  'installation',
  'jobs',
  'labelled_session_rows',
  'labels',
  'servers',
  'session_names',
  'session_rows',
  'sessions',
  'sources',
  'sync_runs',
];

/** What makes a login of the role: printed for the administrator, who alone should know the password. */
export const makeApiLoginStatement = `create role session_history_web login password 'choose-one' in role ${role};`;

/**
 * The role the API may run under (API_DATABASE_URL): it reads the history and notes when a key was used, and can write nothing else.
 * Returns false where this program's own account may not create roles. Safe to repeat, and against others doing the same.
 */
export async function ensureApiRole(prisma: PrismaClient): Promise<boolean> {
  await prisma.$executeRawUnsafe(
    `do $$ begin
       if not exists (select 1 from pg_roles where rolname = '${role}') then
         create role ${role} nologin;
       end if;
     exception when duplicate_object or unique_violation or insufficient_privilege then null;
     end $$`,
  );
  const [made] = await prisma.$queryRawUnsafe<{ exists: boolean }[]>(
    `select exists (select 1 from pg_roles where rolname = $1) as exists`,
    role,
  );
  if (made?.exists !== true) return false;
  await prisma.$executeRawUnsafe(
    `do $$
     declare
       name text;
       place text := quote_ident(current_schema());
     begin
       ${waitForGrants}
       execute format('grant usage on schema report, %s to ${role}', place);
       grant select on all tables in schema report to ${role};
       alter default privileges in schema report grant select on tables to ${role};
       foreach name in array array[${readTables.map((name) => `'${name}'`).join(', ')}] loop
         if to_regclass(format('%s.%I', place, name)) is not null then
           execute format('grant select on %s.%I to ${role}', place, name);
         end if;
       end loop;
       execute format('grant update (last_used_at) on %s.api_keys to ${role}', place);
     end $$`,
  );
  await grantShards(prisma, role);
  return true;
}
