import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Cluster } from './cluster.ts';
import { runProgram, surroundings } from './run-program.ts';
import { isPostgres, readPidFile } from './running-server.ts';

/** A server on its way up, or one that gave up. */
export type Launch = {
  hasEnded(): boolean;
  /** What the server complained of in its log since the launch; empty if nothing. */
  complaint(): string;
};

const maxLogBytes = 10_000_000;

/**
 * Starts the server in a session of its own: a Ctrl-C in the terminal must not reach it before our own farewell. Two launches
 * at once do no harm: PostgreSQL lets one server per folder live.
 */
export async function launchServer(cluster: Cluster): Promise<Launch> {
  const settings = {
    port: await choosePort(cluster),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_buffers: '128MB',
    max_connections: 100,
    wal_compression: 'on',
    fsync: 'on',
    synchronous_commit: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
  };
  const options = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const logStart = openLog(cluster);
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  if (process.platform === 'win32') launchOnWindows(cluster, options).catch(end);
  else launchDirectly(cluster, options, await findStalePid(cluster), end);
  return {
    hasEnded: () => isOver,
    complaint: () => findComplaint(readFileSync(cluster.log, 'utf8').slice(logStart)),
  };
}

/**
 * A pid file left by a crash whose number now belongs to some other process keeps PostgreSQL from starting: it takes the file
 * for a dead server's only if that process is gone or is a forebear of the new server. So this one is passed off as its
 * grandparent, which is how pg_ctl names itself. Removing the file would remove the guard against two servers, too.
 */
async function findStalePid(cluster: Cluster): Promise<number | undefined> {
  const pid = readPidFile(cluster)?.pid;
  return pid === undefined || (await isPostgres(pid)) ? undefined : pid;
}

function launchDirectly(
  cluster: Cluster,
  options: readonly string[],
  stalePid: number | undefined,
  onEnd: () => void,
): void {
  const log = openSync(cluster.log, 'a', 0o600);
  try {
    const child = spawn(
      cluster.binaries.postgres,
      ['-D', cluster.data, ...options.flatMap((option) => ['-c', option])],
      {
        ...surroundings(
          cluster.account,
          stalePid === undefined ? {} : { PG_GRANDPARENT_PID: String(stalePid) },
        ),
        cwd: cluster.dataDir,
        stdio: ['ignore', log, log],
        detached: true,
      },
    );
    child.once('error', onEnd).once('exit', onEnd).unref();
  } finally {
    closeSync(log);
  }
}

/** Only pg_ctl gives up the rights of an administrator, without which the server refuses to run there. */
async function launchOnWindows(cluster: Cluster, options: readonly string[]): Promise<void> {
  const quoted = options.map((option) => `-c "${option}"`).join(' ');
  await runProgram(
    cluster.binaries.pg_ctl,
    ['start', '--wait', '--silent', '-D', cluster.data, '-l', cluster.log, '-o', quoted],
    cluster.account,
    // The server inherits pipes and would keep them open.
    { cwd: cluster.dataDir, stdio: 'ignore' },
  );
}

function findComplaint(log: string): string {
  const lines = log.trim().split('\n');
  const telling = lines.filter((line) => /\b(FATAL|PANIC|DETAIL|HINT):/.test(line));
  return (telling.length > 0 ? telling : lines.slice(-1))
    .map((line) => line.replace(/^.*?\b(FATAL|PANIC|DETAIL|HINT): +/, ''))
    .join(' ');
}

/** Length of the log in characters, after putting an overlong one aside. */
function openLog(cluster: Cluster): number {
  const size = statSync(cluster.log, { throwIfNoEntry: false })?.size ?? 0;
  if (size > maxLogBytes) renameSync(cluster.log, `${cluster.log}.old`);
  closeSync(openSync(cluster.log, 'a', 0o600));
  return readFileSync(cluster.log, 'utf8').length;
}

/** The port of last time if it is free, else another, which is noted. */
async function choosePort(cluster: Cluster): Promise<number> {
  let remembered: number | undefined;
  try {
    remembered = Number(readFileSync(cluster.port, 'utf8'));
  } catch {
    // The first start.
  }
  if (remembered !== undefined && remembered > 0 && (await isFree(remembered))) return remembered;
  for (;;) {
    // Below the ports that operating systems hand out for outgoing connections, so that it is still free next time.
    const port = randomInt(20_000, 30_000);
    if (!(await isFree(port))) continue;
    writeFileSync(cluster.port, `${port}\n`);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
