import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from '../config/config.ts';
import { createAnalyst, readPlace } from '../db/analysts.ts';
import { guardAdvisoryLocks } from '../db/guard-advisory-locks.ts';
import { ensureReaderRole } from '../db/reader-role.ts';
import type { App, ExitCode } from './app.ts';
import { painter } from './paint.ts';

/** Makes a login for BI tools and prints how each of them connects. A password that was made here is shown this once. */
export async function runAnalystCreateCommand(
  app: App,
  name: string,
  options: { readonly passwordFile?: string; readonly again?: boolean },
): Promise<ExitCode> {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name))
    throw new ConfigError(
      'The name is to be small letters, digits and _, beginning with a letter. Example: analyst',
    );
  const given = options.passwordFile === undefined ? undefined : readPassword(options.passwordFile);
  const password = given ?? randomBytes(18).toString('base64url');
  const history = await app.openHistory(app.readConfig());
  try {
    if (!(await ensureReaderRole(history.prisma)))
      throw new ConfigError(
        'This account may not create roles: `session-history migrate` says what a database administrator is to run.',
      );
    await createAnalyst(history.prisma, name, password, options.again).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason.includes('42710'))
        throw new ConfigError(
          `There is a role ${name} already. With --again its password and settings are set anew, where it reads reports and no more.`,
        );
      if (reason.includes('42501')) throw new ConfigError('This account may not create roles.');
      throw error;
    });
    const { areGuarded, statement } = await guardAdvisoryLocks(history.prisma);
    const paint = painter(app.stdout);
    app.stdout.write(
      `${paint('green', '✓')} ${name} may read schema report and nothing else: search_path report, time zone UTC, JIT off,\n` +
        '  5 minutes a statement, 10 connections.\n',
    );
    if (given === undefined) app.stdout.write(`  Password, shown this once: ${password}\n`);
    app.stdout.write(`\n${describeConnections(history.url, name)}`);
    if (!areGuarded)
      app.stderr.write(
        `\n${paint('yellow', 'Any login may take advisory locks')}, and so could keep syncs waiting. As a superuser of the database run:\n  ${statement};\n`,
      );
    return 0;
  } finally {
    await history.close();
  }
}

/** How tools connect, without the password. Of ODBC, the defaults would give booleans as '0' and '1' and cut no text. */
export function describeConnections(url: string, name: string): string {
  const { host, port, database } = readPlace(url);
  const lines = [
    ['psql', `psql "host=${host} port=${port} dbname=${database} user=${name}"`],
    [
      'ODBC',
      `Driver={PostgreSQL Unicode};Server=${host};Port=${port};Database=${database};Uid=${name};Pwd=...;BoolsAsChar=0;TextAsLongVarchar=0;MaxVarcharSize=8190`,
    ],
    ['JDBC', `jdbc:postgresql://${host}:${port}/${database}?user=${name}&currentSchema=report`],
    [
      'Power BI',
      `Get data, PostgreSQL database: server ${host}:${port}, database ${database}; user ${name}; tables of schema report`,
    ],
  ] as const;
  return lines.map(([tool, text]) => `  ${tool.padEnd(9)} ${text}\n`).join('');
}

function readPassword(file: string): string {
  try {
    const password = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (password.length < 12)
      throw new ConfigError(`--password-file ${file} holds fewer than 12 characters.`);
    return password;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`--password-file ${file} cannot be read: ${(error as Error).message}`);
  }
}
