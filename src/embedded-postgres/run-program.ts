import { spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import type { ServerAccount } from './server-account.ts';

/**
 * What PostgreSQL's programs are started with. Nothing of our own environment: it holds passwords, and the server outlives us
 * under an account of its own. Windows programs do not run without theirs.
 */
export function surroundings(account: ServerAccount, more: Readonly<Record<string, string>> = {}) {
  return {
    ...account,
    windowsHide: true,
    ...(process.platform !== 'win32' && { env: { LC_ALL: 'C', TZ: 'UTC', ...more } }),
  };
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
