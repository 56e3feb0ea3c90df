import { Writable } from 'node:stream';
import { buildProgram } from '../../src/cli/build-program.ts';
import { compose } from '../../src/compose/compose.ts';
import { ConfigError } from '../../src/config/config.ts';
import { SyncError } from '../../src/domain/sync-error.ts';
import type { CliResult } from './run-cli.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/**
 * Runs a command as the bin does, from its arguments to its exit code, within this process: a start costs no half a second of
 * CPU. Only for command lines that are right: what commander refuses ends the process. A command that never ends is stopped
 * as by SIGTERM when the signal says so.
 */
export async function runHere(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal = new AbortController().signal,
): Promise<CliResult> {
  const stdout = collector();
  const stderr = collector();
  let code = 0;
  const app = compose({
    environment,
    workingFolder: makeTemporaryFolder('cli').path,
    stdin: () => process.stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    signal,
  });
  try {
    await buildProgram(app, (said) => {
      code = said;
    }).parseAsync([...args], { from: 'user' });
  } catch (error) {
    code = error instanceof ConfigError ? 2 : 1;
    const isSaid = error instanceof ConfigError || error instanceof SyncError;
    stderr.stream.write(`${isSaid ? error.message : String((error as Error).stack)}\n`);
  }
  // What is logged waits for the log to be loaded.
  await import('../../src/log/open-log.ts');
  await new Promise((resolve) => setImmediate(resolve));
  return { code, signal: null, stdout: stdout.text(), stderr: stderr.text() };
}

/** A stream that is no terminal and remembers what was written. */
function collector(): { readonly stream: NodeJS.WriteStream; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => Buffer.concat(chunks).toString() };
}
