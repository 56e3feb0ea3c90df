import { CommanderError } from 'commander';
import { ConfigError } from '../config/config.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { ExitCode } from './app.ts';

/** What a command that threw leaves behind: its exit code, and what is still to be said on standard error. */
export function explainFailure(error: unknown): { readonly code: ExitCode; readonly message?: string } {
  // Commander has said it; help and version are no failures.
  if (error instanceof CommanderError) return { code: error.exitCode === 0 ? 0 : 2 };
  if (error instanceof ConfigError) return { code: 2, message: error.message };
  if (error instanceof SyncError) return { code: 1, message: error.message };
  return { code: 1, message: (error instanceof Error ? error.stack : undefined) ?? String(error) };
}
