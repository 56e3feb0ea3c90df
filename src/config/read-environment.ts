import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError } from './config.ts';
import type { Problems } from './problems.ts';
import { readSecret } from './read-text.ts';
import { mistakenNames, variables, type VariableName } from './variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What was given: the values of the known variables, and the names that somebody may have meant for them. */
export type Given = {
  readonly values: ReadonlyMap<VariableName, string>;
  /** Also of a variable whose file cannot be read. */
  isGiven(name: VariableName): boolean;
  /** From a variable that is not given to a name that looks like it and is. */
  readonly mistaken: ReadonlyMap<VariableName, string>;
};

/** Each variable's value from the environment or its _FILE there, else from `.env` or its _FILE there. */
export function readEnvironment(environment: Environment, workingFolder: string, problems: Problems): Given {
  const layers = [environment, problems.attempt(() => readDotEnv(workingFolder)) ?? {}];
  const values = new Map<VariableName, string>();
  for (const { name } of variables) {
    const value = problems.attempt(() => {
      for (const layer of layers) {
        const found = pick(name, layer, workingFolder);
        if (found !== undefined) return found;
      }
      return undefined;
    });
    if (value !== undefined) values.set(name, value);
  }
  const mistaken = new Map<VariableName, string>();
  for (const [wrong, right] of Object.entries(mistakenNames)) {
    if (!isGiven(right, layers) && isGiven(wrong, layers)) mistaken.set(right, wrong);
  }
  return { values, isGiven: (name) => isGiven(name, layers), mistaken };
}

function pick(name: VariableName, layer: Environment, workingFolder: string): string | undefined {
  // An empty variable is how compose files and units say "not set".
  const direct = layer[name] === '' ? undefined : layer[name];
  const file = name.endsWith('_FILE') ? undefined : layer[`${name}_FILE`];
  if (file === undefined || file === '') return direct;
  if (direct !== undefined) throw new ConfigError(`${name} and ${name}_FILE are both set. Keep one of them.`);
  return readSecret(`${name}_FILE`, workingFolder, file);
}

function isGiven(name: string, layers: readonly Environment[]): boolean {
  return layers.some((layer) => (layer[name] ?? '') !== '' || (layer[`${name}_FILE`] ?? '') !== '');
}

function readDotEnv(workingFolder: string): Environment {
  const file = path.join(workingFolder, '.env');
  try {
    return parseEnv(readFileSync(file, 'utf8').replace(/^\u{feff}/u, ''));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // Some give this name to a folder of Python's.
    if (code === 'ENOENT' || code === 'EISDIR') return {};
    throw new ConfigError(`${file} cannot be read: ${(error as Error).message}`);
  }
}
