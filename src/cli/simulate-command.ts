import { once } from 'node:events';
import type { App, ExitCode, SimulatorOptions } from './app.ts';
import { painter } from './paint.ts';

/** The simulated Enterprise Manager alone, until it is stopped. */
export async function runSimulateCommand(app: App, options: Partial<SimulatorOptions>): Promise<ExitCode> {
  const simulator = await app.startSimulator(options);
  const paint = painter(app.stdout);
  const username = options.username ?? 'demo';
  const password = options.password ?? 'demo';
  app.stdout.write(
    `${paint('green', '✓')} A simulated Enterprise Manager listens at ${paint('bold', simulator.url)}\n` +
      '  Sync it from another terminal:\n' +
      `    EM_URL=${simulator.url} EM_USERNAME=${username} EM_PASSWORD=${password} npx session-history sync\n  Ctrl-C stops it.\n`,
  );
  if (!app.signal.aborted) await once(app.signal, 'abort');
  await simulator.close();
  return 0;
}
