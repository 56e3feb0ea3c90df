import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** What one process took from its start to its end. */
export type Usage = { readonly wallMs: number; readonly cpuMs: number; readonly peakMb: number };

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const preload = new URL('report-usage.js', import.meta.url).href;
const repository = here('../../../');

/** The program as users start it. */
export const program = path.join(repository, 'dist/bin/session-history.js');
/** A compiled file of this folder. */
export const script = (name: string) => here(`${name}.js`);
export const fileOf = (name: string) => path.join(repository, 'test/bench', name);

type Environment = Readonly<Record<string, string>>;

/** Runs a script of Node's to its end and returns what it printed and took. Throws when it fails. */
export async function runMeasured(
  file: string,
  args: readonly string[],
  environment: Environment = {},
): Promise<Usage & { readonly stdout: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'session-history-bench-'));
  const usageFile = path.join(folder, 'usage.json');
  try {
    const startedAt = performance.now();
    const child = start(file, args, { ...environment, BENCH_USAGE_FILE: usageFile });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'close')) as [number | null];
    const wallMs = performance.now() - startedAt;
    if (code !== 0)
      throw new Error(`${path.basename(file)} ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    const usage = JSON.parse(readFileSync(usageFile, 'utf8')) as Omit<Usage, 'wallMs'>;
    return { wallMs, ...usage, stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Starts a server of Node's, waits for the first line it prints that matches, and returns what is in its parentheses. */
export async function startServer(
  file: string,
  args: readonly string[],
  environment: Environment = {},
  ready = /^(http:\S+)\s/m,
): Promise<{ readonly url: string; readonly pid: number; stop(): Promise<void> }> {
  const child = start(file, args, environment);
  const ended = once(child, 'close');
  const stop = async () => {
    child.stdin?.end();
    child.kill('SIGTERM');
    await ended;
  };
  let said = '';
  const url = await new Promise<string | undefined>((resolve) => {
    void ended.then(() => {
      resolve(undefined);
    });
    // The program's own servers tell their address in their log, which goes to standard error.
    for (const output of [child.stdout, child.stderr])
      output?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const found = ready.exec(said)?.[1];
        if (found === undefined) return;
        said = '';
        resolve(found);
      });
  });
  if (url !== undefined) return { url, pid: child.pid ?? 0, stop };
  throw new Error(`${path.basename(file)} did not start: ${said}`);
}

function start(file: string, args: readonly string[], environment: Environment): ChildProcess {
  return spawn(process.execPath, ['--import', preload, file, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), ...environment },
    cwd: tmpdir(),
  });
}

/** What a running process has taken so far; Linux only. */
export function usageOf(pid: number): { readonly cpuMs: number; readonly peakMb: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user = '0', system = '0'] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11);
  const peak = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  // Ticks of 10 ms.
  return { cpuMs: (Number(user) + Number(system)) * 10, peakMb: Number(peak) / 1_024 };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
