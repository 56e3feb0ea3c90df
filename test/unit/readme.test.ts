import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { variables } from '../../src/config/variables.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

it('explains every variable there is, and no other', () => {
  const rows = [...readme.matchAll(/^\| `([A-Z][A-Z0-9_]+)`\s*\|\s*(.*?)\s*\|\s*(.*?)\s*\|$/gm)].map(
    ([, name, meaning, preset]) => ({ name, meaning, default: preset }),
  );
  expect(rows).toEqual(
    variables.map(({ name, meaning, default: preset }) => ({ name, meaning, default: preset })),
  );
});
