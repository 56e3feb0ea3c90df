import type pg from 'pg';
import { SyncError } from '../../domain/sync-error.ts';

/** What decides whether the history can live in a database. */
export type DatabaseFacts = {
  readonly database: string;
  readonly user: string;
  /** As PostgreSQL counts: 130000 is 13.0. */
  readonly version: number;
  readonly encoding: string;
  readonly schema: string;
  readonly mayCreateTables: boolean;
  readonly mayCreateSchemas: boolean;
  /** Tables and views of somebody else; none are once the history is there. */
  readonly hasForeignTables: boolean;
};

export async function readDatabaseFacts(client: pg.ClientBase): Promise<DatabaseFacts> {
  const { rows } = await client.query<DatabaseFacts>(`
    select
      current_database() as database,
      current_user as user,
      current_setting('server_version_num')::integer as version,
      current_setting('server_encoding') as encoding,
      place.schema,
      coalesce(has_schema_privilege(to_regnamespace(quote_ident(place.schema)), 'create'), false) as "mayCreateTables",
      has_database_privilege(current_database(), 'create') as "mayCreateSchemas",
      to_regclass('_prisma_migrations') is null and exists (
        select 1
        from pg_class as class
        where class.relnamespace = to_regnamespace(quote_ident(place.schema))
          and class.relkind in ('r', 'p', 'v', 'm', 'f')
          -- Extensions, say pg_stat_statements, have views here, too.
          and not exists (
            select 1 from pg_depend as membership
            where membership.classid = 'pg_class'::regclass and membership.objid = class.oid and membership.deptype = 'e'
          )
      ) as "hasForeignTables"
    from (select coalesce(current_schema(), 'public') as schema) as place`);
  const [facts] = rows;
  if (facts === undefined) throw new Error('the database answered without a row');
  return facts;
}

/** Throws SyncError `permanent`, with what to do, when a database of these facts cannot hold the history. */
export function refuseUnfit(facts: DatabaseFacts): void {
  const reason = whyUnfit(facts);
  if (reason !== undefined) throw new SyncError('permanent', reason);
}

function whyUnfit(facts: DatabaseFacts): string | undefined {
  const { database, user, version, encoding, schema } = facts;
  const quoted = (name: string) =>
    /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
  if (version < 130_000)
    return `The server runs PostgreSQL ${Math.floor(version / 10_000)}, and the history needs 13 or newer: name a newer server in DATABASE_URL.`;
  if (encoding !== 'UTF8')
    return (
      `Database ${database} is encoded as ${encoding}, which cannot hold every name. ` +
      `Make one that can: create database session_history encoding 'UTF8' template template0;`
    );
  if (!facts.mayCreateTables)
    return (
      `User ${user} may not create tables in schema ${schema} of database ${database} (the usual state since PostgreSQL 15): ` +
      `as its owner, run there: grant create on schema ${quoted(schema)} to ${quoted(user)}; or make the user owner of the database.`
    );
  if (!facts.mayCreateSchemas)
    return (
      `User ${user} may not create schema report in database ${database}: ` +
      `as its owner, run: grant create on database ${quoted(database)} to ${quoted(user)}; or make the user owner of the database.`
    );
  if (facts.hasForeignTables)
    return 'DATABASE_URL names a database with tables of something else in it. Give the history one of its own: create database session_history;';
  return undefined;
}
