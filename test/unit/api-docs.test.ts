import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { problemKinds } from '../../src/api/problems.ts';
import { sessions } from '../../src/query/resources/sessions.ts';

const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');

it('docs/api.md explains every kind of problem', () => {
  for (const [kind, { status, title }] of Object.entries(problemKinds)) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${kind}\` `)) ?? '';
    expect(row.replaceAll(/ +/g, ' ')).toContain(`| \`${kind}\` | ${status} | ${title}.`);
  }
});

it('docs/api.md names every filter of sessions', () => {
  const words = page.split(/[\s`,]+/);
  for (const { name } of sessions.filters) expect(words).toContain(name);
});
