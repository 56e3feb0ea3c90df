import { spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import type { ServerAccount } from './server-account.ts';

/**
 * What PostgreSQL's programs are started with. Nothing of our own environment: it holds passwords, and the server outlives us
 * under an account of its own.
 */
export function surroundings(account: ServerAccount, more: Readonly<Record<string, string>> = {}) {
  return {
    ...account,
    windowsHide: true,
    env: process.platform === 'win32' ? windowsEnvironment() : { LC_ALL: 'C', TZ: 'UTC', ...more },
  };
}

/** Without these, programs on Windows open no socket, find no shell and have no place for temporary files. */
const windowsNames = [
  'SystemRoot',
  'SystemDrive',
  'windir',
  'ComSpec',
  'PATH',
  'PATHEXT',
  'TEMP',
  'TMP',
] as const;

function windowsEnvironment(): Record<string, string> {
  return Object.fromEntries(
    windowsNames.flatMap((name) => {
      // eslint-disable-next-line no-restricted-syntax -- the system's own variables, none of this program's
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Runs a program to its end. Throws an Error with the last lines it wrote when that is not a good one. */
export async function runProgram(
  program: string,
  args: readonly string[],
  account: ServerAccount,
  options: { readonly cwd: string; readonly stdio?: StdioOptions },
): Promise<void> {
  const child = spawn(program, args, {
    ...surroundings(account),
    cwd: options.cwd,
    stdio: options.stdio ?? ['ignore', 'ignore', 'pipe'],
    timeout: 120_000,
  });
  let written = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    written = (written + text).slice(-4_000);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code !== 0) {
    const lines = written.trim().split('\n').slice(-3).join(' ');
    throw new Error(lines === '' ? `it ended with ${code ?? signal ?? 'no code'}` : lines);
  }
}
