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
/** Of what one connection sorts on disk. A superuser alone may set it, and then no login can undo it. */
const mostTemporaryFiles = '10GB';

/** What makes a login, or makes it anew, a statement each. The name and password are quoted here. */
export function analystStatements(name: string, password: string, isThere = false): readonly string[] {
  const role = pg.escapeIdentifier(name);
  const login = `login password ${pg.escapeLiteral(password)} connection limit ${connectionLimit}`;
  return [
    isThere ? `alter role ${role} ${login}` : `create role ${role} ${login} in role ${readerRole}`,
    ...settings.map(([setting, value]) => `alter role ${role} set ${setting} = '${value}'`),
  ];
}

/**
 * Makes the login in one transaction. `again`: one that reads reports already gets the password and the settings anew. Throws the
 * driver's error: the name may be taken, or this account may not make roles.
 */
export async function createAnalyst(
  prisma: PrismaClient,
  name: string,
  password: string,
  again = false,
): Promise<void> {
  // Nobody else's role, and none with more rights.
  const known = await prisma.$queryRaw<object[]>`
    select 1 from pg_roles as role
    join pg_auth_members as member on member.member = role.oid
    join pg_roles as reader on reader.oid = member.roleid and reader.rolname = ${readerRole}
    where ${again} and role.rolname = ${name} and not (role.rolsuper or role.rolcreaterole or role.rolcreatedb)`;
  const [self] = await prisma.$queryRaw<{ isSuperuser: boolean }[]>`
    select rolsuper as "isSuperuser" from pg_roles where rolname = current_user`;
  const statements = [...analystStatements(name, password, known.length > 0)];
  if (self?.isSuperuser === true)
    statements.push(`alter role ${pg.escapeIdentifier(name)} set temp_file_limit = '${mostTemporaryFiles}'`);
  await prisma.$transaction(statements.map((sql) => prisma.$executeRawUnsafe(sql)));
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
