import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ChildProcess } from 'node:child_process';

const processFile = /^process-(\d+)$/;

/** Notes a process that a test started; the end of the run asks whether all of them have ended. */
export function noteProcess(runFolder: string, child: ChildProcess, what: string): void {
  if (child.pid === undefined) return;
  const note = path.join(runFolder, `process-${child.pid}`);
  writeFileSync(note, what);
  child.once('exit', () => rmSync(note, { force: true }));
}

/** Ends what the tests left running, programs and embedded servers, and says what it was. */
export function endLeftProcesses(runFolder: string): readonly string[] {
  const left = (readdirSync(runFolder, { recursive: true }) as string[]).flatMap((file) => {
    const content = () => readFileSync(path.join(runFolder, file), 'utf8');
    const pid = processFile.exec(path.basename(file))?.[1];
    if (pid !== undefined) return [{ pid: Number(pid), what: content() }];
    if (path.basename(file) === 'postmaster.pid')
      return [{ pid: Number(content().split('\n')[0]), what: `PostgreSQL in ${file}` }];
    return [];
  });
  return left.filter(({ pid }) => end(pid)).map(({ pid, what }) => `process ${pid} (${what})`);
}

function end(pid: number): boolean {
  try {
    // Quits PostgreSQL at once, and Node; unlike SIGKILL it leaves none of PostgreSQL's own processes behind.
    return process.kill(pid, 'SIGQUIT');
  } catch {
    return false;
  }
}
