import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readMigrations } from '../../../src/db/migrate/read-migrations.ts';
import { splitStatements } from '../../../src/db/migrate/split-statements.ts';

it('ends a statement at each semicolon that is no part of a text, a name or a comment', () => {
  expect(
    splitStatements(`
      -- first; not a statement
      select 'a;b', e'\\';', "c;d";
      /* ; */
      do $$ begin perform 1; end $$;
      do $tag$ select $$;$$; $tag$; ;
      select 'it''s; one'`),
  ).toEqual([
    `-- first; not a statement\n      select 'a;b', e'\\';', "c;d"`,
    `/* ; */\n      do $$ begin perform 1; end $$`,
    'do $tag$ select $$;$$; $tag$',
    `select 'it''s; one'`,
  ]);
  expect(splitStatements('-- nothing;\n')).toEqual([]);
});

const piece = fc.constantFrom(
  `select ';'`,
  'do $x$ ; $x$',
  `create view "a;b" as select 1`,
  '/* ; */ select 2',
  '-- ;\nselect 3',
  `select e'\\';'`,
);

it('takes apart what was put together', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      expect(splitStatements(pieces.join(';\n'))).toEqual(pieces);
    }),
  );
});

it('finds the statements of the migrations', async () => {
  for (const { script } of await readMigrations()) {
    const statements = splitStatements(script);
    expect(statements.length).toBeGreaterThan(3);
    for (const statement of statements)
      expect(statement).toMatch(/^(?:--[^\n]*\n|\s)*(?:create|alter|comment|do|insert|drop|update)\b/);
  }
});
