import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readConfig } from '../../../src/config/read-config.ts';
import { variableRules } from '../../../src/config/variable-rules.ts';
import { mistakenNames, variables } from '../../../src/config/variables.ts';

it('describes exactly the variables that are read', () => {
  expect(variables.map(({ name }) => name)).toEqual(Object.keys(variableRules.shape));
});

it('states the defaults that are used', () => {
  const defaults: Readonly<Record<string, string | number | boolean | string[] | undefined>> =
    variableRules.parse({});
  for (const variable of variables) {
    const used = defaults[variable.name];
    if (used !== undefined) expect([variable.name, String(used)]).toEqual([variable.name, variable.default]);
  }
});

it('gives examples that are accepted', () => {
  const examples = variables.filter(
    ({ name }) => !['EM_CA_FILE', 'REDIS_CA_FILE', 'SOURCES_FILE'].includes(name),
  );
  const environment = Object.fromEntries(examples.map(({ name, example }) => [name, example]));
  expect(readConfig(environment, '/').sources).toHaveLength(1);
});

it('takes no name of ours for a mistaken one', () => {
  const names: readonly string[] = variables.map(({ name }) => name);
  expect(Object.keys(mistakenNames).filter((name) => names.includes(name))).toEqual([]);
});

it('is what the README says', () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  const table = [...readme.matchAll(/^\| `([A-Z_0-9]+)` +\| (.*?) *\| (.*?) *\|$/gm)];
  expect(table.map(([, name, meaning, byDefault]) => ({ name, meaning, default: byDefault }))).toEqual(
    variables.map(({ name, meaning, default: byDefault }) => ({ name, meaning, default: byDefault })),
  );
});
