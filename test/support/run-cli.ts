import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { noteProcess } from './leaks.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

const program = fileURLToPath(new URL('../../dist/bin/session-history.js', import.meta.url));

export type CliResult = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
};
export type RunningCli = { readonly process: ChildProcess; readonly ended: Promise<CliResult> };

export type RunOptions = {
  readonly ownGroup?: boolean;
  /** An empty one of its own, if not said. */
  readonly cwd?: string;
  /** Whether its standard input is a pipe; else there is none. */
  readonly hasInput?: boolean;
};

/**
 * Starts the built program as its users do, in an empty folder with nothing in its environment but what is given. With
 * `ownGroup` it leads a process group, as a shell's jobs do, so that `process.kill(-pid)` is what Ctrl-C does.
 */
export function startCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  options: RunOptions = {},
): RunningCli {
  const cwd = options.cwd ?? makeTemporaryFolder('cli').path;
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    // The demo makes its database there; the end of the run looks for servers in it that nobody stopped.
    env: { PATH: process.env['PATH'], TMPDIR: inject('runFolder'), ...environment },
    stdio: [options.hasInput === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    detached: options.ownGroup === true,
  });
  noteProcess(inject('runFolder'), child, `session-history ${args.join(' ')}`);
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => ({
    code: code as number | null,
    signal: signal as string | null,
    ...output,
  }));
  return { process: child, ended };
}

export function runCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  options: RunOptions = {},
): Promise<CliResult> {
  return startCli(args, environment, options).ended;
}
