import { expect, it } from 'vitest';
import { createTestDatabase } from '../../support/test-database.ts';

it('has the source in the key of every table that grows with the history, so that they can be split by it', async () => {
  const database = await createTestDatabase();
  try {
    const rows = await database.query<{ name: string }>(
      `select class.relname as name
       from pg_class as class
       where class.relkind = 'r'
         and class.relnamespace = current_schema()::regnamespace
         and class.relname <> '_prisma_migrations'
         and not exists (
           select from pg_constraint as key
           join pg_attribute as part on part.attrelid = key.conrelid and part.attnum = any(key.conkey)
           where key.conrelid = class.oid and key.contype = 'p' and part.attname = 'source_id'
         )
       order by 1`,
    );
    // A row a source, a key, and the installation.
    expect(rows.map(({ name }) => name)).toEqual(['api_keys', 'installation', 'sources']);
  } finally {
    await database.drop();
  }
});
