import { spawn, type ChildProcess } from 'node:child_process';
import type { Server as HttpServer } from 'node:http';
import { createServer, Server, type Socket } from 'node:net';

/** Connections that are taken at each look at the sockets. */
const usualHandles = 16;
/** Connections that may wait to be taken; the system has a bound of its own, 4,096 on Linux. */
export const mostWaiting = 4_096;
/** Milliseconds. Without the copies the server works as well, only slower to take connections. */
const patienceMs = 30_000;

export type Acceptors = {
  /** How many take connections in the end, the server's own included. */
  readonly ready: Promise<number>;
  /** Takes no more connections, at once; resolves when those that were taken have ended. */
  close(): Promise<void>;
};

/**
 * Sends each server it is given back, which makes a copy of its handle, and lets go of its own before it would take a connection.
 */
const copier = `process.on('message', (message, server) => { process.send(message, server); server.close(); });`;

/**
 * Takes more connections at once. Node takes one connection from a listening handle each time it looks at its sockets, so that whoever
 * opens many keeps everybody else waiting where no limit of ours is known, and, once that line is full, for seconds of the network's
 * retries. Several handles of the same socket take as many. Node copies a handle only by sending it to another process: a child
 * sends each back, and ends.
 */
export function acceptAtOnce(server: HttpServer, handles = usualHandles): Acceptors {
  const copies: Server[] = [];
  let isClosed = false;
  // Windows takes several by itself.
  const ready = process.platform === 'win32' ? Promise.resolve(1) : multiply();

  async function multiply(): Promise<number> {
    const child = spawn(process.execPath, ['--eval', copier], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // No preloads and options of this process.
      env: {},
    });
    const enough = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    enough.unref();
    await new Promise<void>((resolve) => {
      child.once('error', () => {
        resolve();
      });
      child.once('exit', () => {
        resolve();
      });
      child.on('message', (_message, copy) => {
        if (copy instanceof Server) adopt(copy);
        askForNext(child);
      });
      askForNext(child);
    });
    clearTimeout(enough);
    return 1 + copies.length;
  }

  /** One after the other: the child lets go of each as soon as it has sent it back. */
  function askForNext(child: ChildProcess): void {
    if (!child.connected) return;
    if (isClosed || copies.length + 1 >= handles) child.disconnect();
    else child.send('', server);
  }

  function adopt(copy: Server): void {
    if (isClosed) {
      copy.close();
      return;
    }
    // What came back knows nothing of how the server wants its connections.
    const taker = createServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
      server.emit('connection', socket);
    });
    taker.listen(copy, mostWaiting);
    copies.push(taker);
  }

  return {
    ready,
    close: async () => {
      isClosed = true;
      await Promise.all(copies.map((copy) => new Promise((resolve) => copy.close(resolve))));
    },
  };
}
