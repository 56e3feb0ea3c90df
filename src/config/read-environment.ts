import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError } from './config.ts';
import { variables, type VariableName } from './variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The values of the known variables, each from the environment, from its _FILE, or from `.env`, in this order. */
export function readEnvironment(environment: Environment, workingFolder: string): Map<VariableName, string> {
  const fromFile = readDotEnv(workingFolder);
  const values = new Map<VariableName, string>();
  const problems: string[] = [];
  for (const { name } of variables) {
    try {
      // An empty variable is how compose files and units say "not set".
      const value = pick(name, environment) ?? pick(name, fromFile);
      if (value !== undefined) values.set(name, value);
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return values;
}

function pick(name: VariableName, from: Environment): string | undefined {
  const direct = from[name] === '' ? undefined : from[name];
  const file = name.endsWith('_FILE') ? undefined : from[`${name}_FILE`];
  if (file === undefined || file === '') return direct;
  if (direct !== undefined) throw new ConfigError(`${name} and ${name}_FILE are both set. Keep one of them.`);
  return readText(`${name}_FILE`, file).replace(/\r?\n$/, '');
}

/** Reads a file a variable names. Throws ConfigError with the variable, the path and the reason. */
export function readText(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'it may not be read' : String(code);
    throw new ConfigError(`${variable} names ${file}, but ${reason}.`);
  }
}

function readDotEnv(workingFolder: string): Environment {
  try {
    return parseEnv(readFileSync(path.join(workingFolder, '.env'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new ConfigError(`.env in ${workingFolder} cannot be read: ${(error as Error).message}`);
  }
}
