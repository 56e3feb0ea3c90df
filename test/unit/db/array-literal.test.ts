import { expect, it } from 'vitest';
import { arrayLiteral } from '../../../src/db/array-literal.ts';

it('writes what PostgreSQL reads', () => {
  expect(arrayLiteral([])).toBe('{}');
  expect(arrayLiteral(['plain', null, 'null', 'NULL', '', 'a,b', '{}', '"\\"', 7, 9n, true])).toBe(
    '{plain,null,"null","NULL","","a,b","{}","\\"\\\\\\"",7,9,true}',
  );
});
