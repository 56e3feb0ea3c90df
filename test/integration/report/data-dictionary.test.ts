import { expect, it } from 'vitest';
import { createTestDatabase } from '../../support/test-database.ts';

const file = new URL('../../../docs/data-dictionary.md', import.meta.url).pathname;

it('docs/data-dictionary.md says what the comments of schema report say; `npx vitest run -u` writes it anew', async () => {
  const database = await createTestDatabase();
  try {
    const rows = await database.query<{
      view: string;
      about: string;
      name: string;
      type: string;
      meaning: string;
    }>(`
      select view.relname as view, obj_description(view.oid) as about, attname as name, format_type(atttypid, null) as type,
        col_description(view.oid, attnum) as meaning
      from pg_class as view
      join pg_attribute on attrelid = view.oid and attnum > 0
      where view.relnamespace = 'report'::regnamespace and view.relkind in ('v', 'r')
      order by view.relname, attnum`);
    const cell = (text: string) => text.replaceAll('|', '\\|');
    const types: Readonly<Record<string, string>> = { 'timestamp with time zone': 'timestamptz' };
    const views = [...new Set(rows.map(({ view }) => view))];
    const text = [
      '# Data dictionary',
      '',
      'Every view of schema `report`, from its comments in the database; a test keeps this page true. Times are `timestamptz`, in UTC with',
      'microseconds; rates are fractions from 0 to 1. Join facts and dimensions by the one-column keys (`source_key`, `server_key`, `job_key`,',
      '`computer_key`), and days by `day`. [bi/questions.md](bi/questions.md) has the questions.',
      '',
      views.map((view) => `[${view}](#${view})`).join(' · '),
      ...views.flatMap((view) => {
        const columns = rows.filter((row) => row.view === view);
        return [
          '',
          `## ${view}`,
          '',
          columns[0]?.about ?? '',
          '',
          '| Column | Type | Meaning |',
          '|---|---|---|',
          ...columns.map(
            ({ name, type, meaning }) => `| \`${name}\` | ${types[type] ?? type} | ${cell(meaning)} |`,
          ),
        ];
      }),
      '',
    ].join('\n');
    await expect(text).toMatchFileSnapshot(file);
  } finally {
    await database.drop();
  }
});
