import type pg from 'pg';
import { SyncError } from '../domain/sync-error.ts';

/** Settings of a connection, by PostgreSQL's names. Those the server does not know are left out: older versions have fewer. */
export type SessionSettings = Readonly<Record<string, string>>;

/**
 * What this program's statements rely on, whatever server, database, role and address say. Times cross as text: another zone or
 * date style would make them wrong without any error.
 */
const ownSettings: SessionSettings = {
  client_encoding: 'UTF8',
  timezone: 'UTC',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  // Limits are this program's own; an administrator's limit for people would cut a migration.
  statement_timeout: '0',
  lock_timeout: '0',
  transaction_timeout: '0',
  // Compiling costs seconds where Debian's build has it on, and these statements never win that back.
  jit: 'off',
};

/** A connection that answers nothing must not hold its pool's place for as long as a long statement may. */
const answerMs = 10_000;

/**
 * Gives a new connection this program's settings, and `settings` on top. One round trip, after connecting: a start-up parameter
 * is refused by PgBouncer, ignored by other poolers, and overruled by an `options=` in the address.
 * Returns the server process behind the connection. Throws SyncError `permanent` for a database in another encoding than UTF-8.
 */
export async function startSession(
  client: pg.ClientBase,
  settings: SessionSettings = {},
): Promise<{ readonly serverPid: number }> {
  const wanted = Object.entries({ ...ownSettings, ...settings });
  const { rows } = await client.query<{ pid: number; encoding: string; applied: number }>({
    text: `select pg_backend_pid() as pid, current_setting('server_encoding') as encoding, (
        select count(set_config(wanted.name, wanted.value, false))::integer
        from unnest($1::text[], $2::text[]) as wanted(name, value)
        where current_setting(wanted.name, true) is not null
      ) as applied, ${settings['search_path'] === undefined ? publicFirst : 'null'} as path`,
    values: [wanted.map(([name]) => name), wanted.map(([, value]) => value)],
    ...{ query_timeout: answerMs },
  });
  const { pid = 0, encoding = 'UTF8' } = rows[0] ?? {};
  if (encoding !== 'UTF8') {
    throw new SyncError(
      'permanent',
      `The database has the encoding ${encoding}, which cannot hold every name. Give the history one in UTF-8: ` +
        `create database session_history encoding 'UTF8' template template0;`,
    );
  }
  return { serverPid: pid };
}

/**
 * Tables live in `public`, as Prisma names them; a schema called like the role would otherwise come first. Schemas the administrator
 * put on the path stay behind it: pg_trgm may live in one.
 */
const publicFirst = `case when current_setting('search_path') like 'public%' then null
  else set_config('search_path', 'public, ' || current_setting('search_path'), false) end`;
