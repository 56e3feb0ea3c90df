import { spawn, type ChildProcess } from 'node:child_process';
import type { Server as HttpServer } from 'node:http';
import { createServer, Server } from 'node:net';

/** Connections that are taken at each look at the sockets. */
const usualHandles = 64;
/** Connections that may wait to be taken; the system has a bound of its own, 4,096 on Linux. */
export const mostWaiting = 4_096;
/** Milliseconds. Without copies the server works as well, only slower to take connections. */
const patienceMs = 30_000;

/** Sends each server it is given back, which copies its handle, and lets go of its own before it could take a connection. */
const copier = `process.on('message', (_, server) => { process.send('', server); server.close(); });`;

export type Acceptors = {
  /** How many take connections in the end, the server's own included. Never rejects. */
  readonly ready: Promise<number>;
  /** Takes no more connections, at once; resolves when those that were taken have ended. */
  close(): Promise<void>;
};

/**
 * Takes more connections at once. Node takes one connection from a listening handle each time it looks at its sockets: whoever opens
 * many keeps everybody else waiting where no limit of ours holds, and once that line is full, for the seconds after which the network
 * tries again. Several handles of one socket take one each. Node copies a handle only by sending it to another process, so a child sends
 * each back, and ends.
 */
export function acceptAtOnce(server: HttpServer, handles = usualHandles): Acceptors {
  const copies: Server[] = [];
  let isClosed = false;

  async function multiply(): Promise<void> {
    const child = spawn(process.execPath, ['--eval', copier], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // Nothing that this process was told to load.
      env: {},
    });
    const enough = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    enough.unref();
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => {
        resolve();
      });
      child.on('error', () => {
        resolve();
      });
    });
    child.on('message', (_message, copy) => {
      if (copy instanceof Server) adopt(copy);
      askForNext(child);
    });
    askForNext(child);
    await ended;
    clearTimeout(enough);
  }

  /** One after the other: the child can send only one at a time, and has let go of it then. */
  function askForNext(child: ChildProcess): void {
    if (!child.connected) return;
    if (isClosed || !server.listening || copies.length + 1 >= handles) child.disconnect();
    else child.send('', server);
  }

  function adopt(copy: Server): void {
    if (isClosed) {
      copy.close();
      return;
    }
    // What comes back knows nothing of how an HTTP server wants its connections.
    const taker = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      server.emit('connection', socket);
    });
    copies.push(taker.listen(copy, mostWaiting));
  }

  return {
    // Windows takes several by itself. Where no process may be started, the server's own handle has to do.
    ready: (process.platform === 'win32' ? Promise.resolve() : multiply())
      .catch(() => undefined)
      .then(() => 1 + copies.length),
    close: async () => {
      isClosed = true;
      await Promise.all(copies.map((copy) => new Promise((resolve) => copy.close(resolve))));
    },
  };
}
