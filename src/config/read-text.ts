import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from './config.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'it may not be read by this account',
  EPERM: 'it may not be read by this account',
  EISDIR: 'it is a folder',
};

/** Reads a file that `variable` names, relative to `folder`. Throws ConfigError with the variable, the path and the reason. */
export function readText(variable: string, folder: string, file: string): string {
  const whole = path.resolve(folder, file);
  try {
    // Some editors put a byte order mark before everything.
    return readFileSync(whole, 'utf8').replace(/^\u{feff}/u, '');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new ConfigError(
      `${variable} names ${whole}, but ${reasons[code] ?? `reading it fails (${code})`}.`,
    );
  }
}

/** A secret in a file of its own: its last line break is the editor's. Throws ConfigError, also when there is nothing in it. */
export function readSecret(variable: string, folder: string, file: string): string {
  const secret = readText(variable, folder, file).replace(/\r?\n$/, '');
  if (secret === '')
    throw new ConfigError(`${variable} names ${path.resolve(folder, file)}, but it is empty.`);
  return secret;
}

/** Certificates to trust. Throws ConfigError, also when there is none in it. */
export function readCertificates(variable: string, folder: string, file: string): string {
  const pem = readText(variable, folder, file);
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new ConfigError(
    `${variable} names ${path.resolve(folder, file)}, but it holds no certificate in PEM form ` +
      '(-----BEGIN CERTIFICATE-----). `openssl x509 -inform der` makes one of the binary form.',
  );
}
