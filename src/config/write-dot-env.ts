import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError } from './config.ts';
import { composeDotEnv, type DotEnvLine } from './compose-dot-env.ts';

/** Whether there is a `.env` in the folder already. Throws ConfigError where it is no file. */
export function hasDotEnv(folder: string): boolean {
  const file = path.join(folder, '.env');
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory() === true)
    throw new ConfigError(`${file} is a folder. Run this in another folder, or rename it.`);
  return found !== undefined;
}

/**
 * Writes `.env`, for this account's eyes only. What was there before stays beside it as `.env.<time>.old`, and those of its
 * variables that `replaces` does not name go on in the new one. Returns the old file's new name.
 */
export function writeDotEnv(
  folder: string,
  lines: readonly DotEnvLine[],
  replaces: readonly string[],
): string | undefined {
  const file = path.join(folder, '.env');
  if (!hasDotEnv(folder)) {
    writeNew(file, composeDotEnv(lines));
    return undefined;
  }
  const kept = Object.entries(parseEnv(readFileSync(file, 'utf8').replace(/^\u{feff}/u, ''))).flatMap(
    ([name, value]) => (value === undefined || replaces.includes(name) ? [] : [{ name, value }]),
  );
  const text = composeDotEnv([
    ...lines,
    ...(kept.length === 0 ? [] : [{ comment: 'From the file before this one:' }, ...kept]),
  ]);
  const old = `${file}.${new Date().toISOString().replaceAll(/[:.]/g, '-')}.old`;
  renameSync(file, old);
  try {
    writeNew(file, text);
  } catch (error) {
    renameSync(old, file);
    throw error;
  }
  return path.basename(old);
}

/** Whole or not at all; never over a file that came in the meantime. */
function writeNew(file: string, text: string): void {
  let handle: number;
  try {
    handle = openSync(file, 'wx', 0o600);
  } catch (error) {
    throw new ConfigError(`${file} cannot be written: ${(error as Error).message}`);
  }
  try {
    writeSync(handle, text);
    fsyncSync(handle);
    closeSync(handle);
  } catch (error) {
    closeSync(handle);
    rmSync(file, { force: true });
    throw error;
  }
}
