import { requireSources } from '../config/read-config.ts';
import type { App, ExitCode } from './app.ts';

/** The service, or a half of it, until it is told to stop. */
export async function runServeCommand(
  app: App,
  runs: { readonly worker: boolean; readonly api: boolean },
): Promise<ExitCode> {
  const config = app.readConfig();
  // An API alone shows whatever history there is.
  if (runs.worker) requireSources(config);
  await app.runService(config, runs);
  return 0;
}
