import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Cluster } from './cluster.ts';

/** What a server wrote about itself: it may be long gone. The port comes a moment after the rest. */
export type PidFile = { readonly pid: number; readonly port: number | undefined };

export function readPidFile(cluster: Cluster): PidFile | undefined {
  try {
    // Process id, folder, start time, port, ...: https://www.postgresql.org/docs/18/storage-file-layout.html
    const lines = readFileSync(path.join(cluster.data, 'postmaster.pid'), 'utf8').split('\n');
    const [pid, port] = [Number(lines[0]), Number(lines[3])];
    return pid > 0 ? { pid, port: port > 0 ? port : undefined } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether that process is this cluster's server. That it is alive does not tell: after a crash its number may belong to any
 * process (in containers, with their few and small numbers, it soon does), or to its own zombie that nobody buried.
 */
export async function isServer(pid: number, cluster: Cluster): Promise<boolean> {
  return (await readCommandLine(pid)).includes(process.platform === 'win32' ? 'postgres.exe' : cluster.data);
}

/** Whether that process may be any PostgreSQL at all, perhaps this cluster's known by another path. */
export async function isPostgres(pid: number): Promise<boolean> {
  return /(^|[\\/])postgres(\.exe)?\b/.test(await readCommandLine(pid));
}

/** Empty for a process that is gone, and for a zombie. */
async function readCommandLine(pid: number): Promise<string> {
  const run = promisify(execFile);
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    const { stdout } =
      process.platform === 'win32'
        ? await run('tasklist', ['/nh', '/fi', `PID eq ${pid}`])
        : await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
    return stdout;
  } catch {
    return '';
  }
}
