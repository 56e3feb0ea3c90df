import pg from 'pg';
import type { PrismaClient } from './generated/client.ts';
import { readerRole } from './reader-role.ts';

/** Of logins that ask for reports. Settings are defaults of the login: a person can change them for a session. */
const settings = [
  ['search_path', 'report'],
  ['timezone', 'UTC'],
  // Compiling costs seconds where the answer takes a twentieth of one.
  ['jit', 'off'],
  ['statement_timeout', '5min'],
  ['idle_in_transaction_session_timeout', '10min'],
] as const;
const connectionLimit = 10;

/** What makes a login, or makes it anew, a statement each. The name and password are quoted here. */
export function analystStatements(name: string, password: string, isThere = false): readonly string[] {
  const role = pg.escapeIdentifier(name);
  const login = `login password ${pg.escapeLiteral(password)} connection limit ${connectionLimit}`;
  return [
    isThere ? `alter role ${role} ${login}` : `create role ${role} ${login} in role ${readerRole}`,
    ...settings.map(([setting, value]) => `alter role ${role} set ${setting} = '${value}'`),
  ];
}

/** Functions whose locks would let a reader stop syncs and migrations. Everybody may call them, until a superuser says no. */
const locks = [
  'pg_advisory_lock',
  'pg_advisory_lock_shared',
  'pg_advisory_xact_lock',
  'pg_advisory_xact_lock_shared',
  'pg_try_advisory_lock',
  'pg_try_advisory_lock_shared',
  'pg_try_advisory_xact_lock',
  'pg_try_advisory_xact_lock_shared',
];

/** For a database administrator: keeps advisory locks to this program's own account. */
export function revokeLocksStatement(owner: string): string {
  const functions = locks.flatMap((name) => [`${name}(bigint)`, `${name}(integer, integer)`]).join(', ');
  return `revoke execute on function ${functions} from public; grant execute on function ${functions} to ${pg.escapeIdentifier(owner)}`;
}

export type AnalystMade = { readonly areLocksRevoked: boolean; readonly revokeLocks: string };

/**
 * Makes the login in one transaction. `again`: one that reads reports already gets the password and the settings anew. Throws the
 * driver's error: the name may be taken, or this account may not make roles.
 */
export async function createAnalyst(
  prisma: PrismaClient,
  name: string,
  password: string,
  again = false,
): Promise<AnalystMade> {
  // Nobody else's role, and none with more rights.
  const known = await prisma.$queryRaw<object[]>`
    select 1 from pg_roles as role
    join pg_auth_members as member on member.member = role.oid
    join pg_roles as reader on reader.oid = member.roleid and reader.rolname = ${readerRole}
    where ${again} and role.rolname = ${name} and not (role.rolsuper or role.rolcreaterole or role.rolcreatedb)`;
  await prisma.$transaction(
    analystStatements(name, password, known.length > 0).map((sql) => prisma.$executeRawUnsafe(sql)),
  );
  const [who] = await prisma.$queryRaw<{ owner: string; isSuperuser: boolean }[]>`
    select current_user::text as owner, rolsuper as "isSuperuser" from pg_roles where rolname = current_user`;
  const revokeLocks = revokeLocksStatement(who?.owner ?? '');
  if (who?.isSuperuser !== true) return { areLocksRevoked: false, revokeLocks };
  for (const statement of revokeLocks.split('; ')) await prisma.$executeRawUnsafe(statement);
  return { areLocksRevoked: true, revokeLocks };
}

/** Where the address of a database leads, as the driver reads it. */
export function readPlace(url: string): {
  readonly host: string;
  readonly port: number;
  readonly database: string;
} {
  const { host, port, database = '' } = new pg.Client({ connectionString: url });
  return { host, port, database };
}
