import { createWriteStream, rmSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ConfigError } from '../config/config.ts';

/** Leaves no half of a file behind. Throws ConfigError where nothing can be written. */
export async function writeFile(file: string, bytes: Readable): Promise<void> {
  try {
    await pipeline(bytes, createWriteStream(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR')
      throw new ConfigError(`--out ${file} cannot be written: ${(error as Error).message}`);
    rmSync(file, { force: true });
    throw error;
  }
}
