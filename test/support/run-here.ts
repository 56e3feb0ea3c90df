import { Writable } from 'node:stream';
import { buildProgram } from '../../src/cli/build-program.ts';
import { explainFailure } from '../../src/cli/explain-failure.ts';
import { compose } from '../../src/compose/compose.ts';
import type { CliResult } from './run-cli.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/**
 * Runs a command as the bin does, from its arguments to its exit code, within this process: a start of its own costs half a second
 * of CPU. The signal stops it as SIGTERM would.
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
    const failure = explainFailure(error);
    ({ code } = failure);
    if (failure.message !== undefined) stderr.stream.write(`${failure.message}\n`);
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
