import type { TestDatabase } from './test-database.ts';

/** Copies every row of one history into another, exactly; what was there goes. */
export async function copyHistory(from: TestDatabase, to: TestDatabase): Promise<void> {
  const tables = await to.query<{ name: string; columns: string }>(
    `select relname as name, string_agg(quote_ident(attname), ', ' order by attnum) as columns
     from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped and attgenerated = ''
     where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> '_prisma_migrations'
     group by relname`,
  );
  for (const { name, columns } of tables) {
    await to.query(`delete from ${name}`);
    const rows = await from.query<{ row: unknown }>(`select to_jsonb(one) as row from ${name} as one`);
    await to.query(
      `insert into ${name} (${columns}) select ${columns} from jsonb_populate_recordset(null::${name}, $1::jsonb)`,
      [JSON.stringify(rows.map(({ row }) => row))],
    );
  }
}

/** Columns that say when something was written, and by which commit: two histories of the same sessions differ in them. */
const ofWriting = [
  'first_seen_at',
  'last_seen_at',
  'last_changed_at',
  'change_number',
  'read_at',
  'due_at',
  'last_tried_at',
  'first_failed_at',
];

/** Every row that tells of sessions, as far as it does not depend on when it was written: tables, and what is kept beside them. */
export async function readSubstance({ query }: TestDatabase): Promise<readonly string[]> {
  const substance: string[] = [];
  for (const table of [
    'sessions',
    'tasks',
    'jobs',
    'servers',
    'computers',
    'discovered_computers',
    'daily_totals',
    'stale_days',
    'session_names',
    'labels',
    'coverage',
    'holes',
    'task_backlog',
    'backfills',
  ]) {
    const rows = await query<{ row: string }>(
      `select (to_jsonb(one) - $1::text[])::text as row from ${table} as one`,
      [ofWriting],
    );
    substance.push(...rows.map(({ row }) => `${table} ${row}`));
  }
  return substance.sort();
}
