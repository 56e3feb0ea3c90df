#!/usr/bin/env node
import process from 'node:process';
import { buildProgram } from '../cli/build-program.ts';
import { explainFailure } from '../cli/explain-failure.ts';
import { compose } from '../compose/compose.ts';

const longestEndMs = 9_500;

// Before Node 21 there is none, and pg, to find out that it does not run at Cloudflare, has the whole of `fetch` loaded.
if (!('navigator' in globalThis))
  Object.assign(globalThis, {
    navigator: { userAgent: `Node.js/${process.versions.node.split('.')[0] ?? ''}` },
  });

const stop = new AbortController();
let signals = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    signals += 1;
    // The first asks for an orderly end: what was read is stored, EM is logged off. The second has had enough of waiting.
    if (signals > 1) process.exit(130);
    stop.abort();
    // Whatever hangs: supervisors kill after 10 s, and then nobody says so.
    setTimeout(() => {
      process.stderr.write('Something did not end in time; the next start makes it good.\n');
      process.exit(1);
    }, longestEndMs).unref();
  });
}
// A reader that went away (`| head`) is not a fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const app = compose({
  // eslint-disable-next-line no-restricted-syntax -- handed to the one reader of the environment
  environment: process.env,
  workingFolder: process.cwd(),
  stdin: () => process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
});

try {
  await buildProgram(app, (code) => {
    process.exitCode = code;
  }).parseAsync();
} catch (error) {
  const { code, message } = explainFailure(error);
  process.exitCode = code;
  if (message !== undefined) process.stderr.write(`${message}\n`);
}
// Everything that was to be ended in order has been; a connection that never answers must not hold the process.
if (stop.signal.aborted) process.exit();
