import type { ChildProcess } from 'node:child_process';
import { startCli, type CliResult } from './run-cli.ts';

export type LogLine = { readonly level: string; readonly msg: string; readonly source?: string } & Record<
  string,
  unknown
>;

export type RunningService = {
  readonly process: ChildProcess;
  /** What it has logged so far. */
  readonly lines: readonly LogLine[];
  readonly ended: Promise<CliResult>;
  /** Where it listens; undefined before it does. */
  url(): string | undefined;
  stop(signal?: NodeJS.Signals): Promise<CliResult>;
};

/** Starts `serve`, `worker` or `api` with a free port. */
export function startService(
  command: 'serve' | 'worker' | 'api',
  environment: Readonly<Record<string, string>>,
): RunningService {
  const cli = startCli([command], { API_PORT: '0', ...environment });
  const lines: LogLine[] = [];
  let rest = '';
  cli.process.stderr?.on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part.startsWith('{')) lines.push(JSON.parse(part) as LogLine);
  });
  return {
    process: cli.process,
    lines,
    ended: cli.ended,
    url: () => /http:\S+/.exec(lines.find((line) => line.msg.startsWith('Server listening'))?.msg ?? '')?.[0],
    stop: (signal = 'SIGTERM') => {
      cli.process.kill(signal);
      return cli.ended;
    },
  };
}
