import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import { acceptAtOnce, type Acceptors } from '../../../src/api/accept-at-once.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function listen(handle: http.RequestListener, handles: number) {
  const server = http.createServer(handle);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const acceptors = acceptAtOnce(server, handles);
  closing.push(() => {
    server.closeAllConnections();
    return stop(server, acceptors);
  });
  return { server, acceptors, port: (server.address() as AddressInfo).port };
}

const stop = (server: http.Server, acceptors: Acceptors) =>
  Promise.all([acceptors.close(), new Promise((resolve) => server.close(resolve))]);

function connect(port: number): net.Socket {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  closing.push(() => Promise.resolve(socket.destroy()));
  return socket;
}

it.skipIf(process.platform === 'win32')('takes several connections at each look at the sockets', async () => {
  const { server, acceptors, port } = await listen((_request, response) => response.end('ok'), 8);
  expect(await acceptors.ready).toBe(8);
  let taken = 0;
  const afterFirstLook = new Promise<number>((resolve) => {
    server.on('connection', () => {
      if ((taken += 1) === 1)
        setImmediate(() => {
          resolve(taken);
        });
    });
  });
  for (let count = 0; count < 64; count += 1) connect(port);
  expect(await afterFirstLook).toBe(8);
  await expect.poll(() => taken).toBe(64);
});

it('answers what they bring, and takes nothing more once closed', async () => {
  const answers: (() => void)[] = [];
  const { server, acceptors, port } = await listen((_request, response) => {
    answers.push(() => response.end('ok'));
  }, 4);
  await acceptors.ready;
  const asking = Array.from({ length: 20 }, () => {
    const socket = connect(port);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    return text(socket);
  });
  await expect.poll(() => answers.length).toBe(20);
  let isStopped = false;
  const stopped = stop(server, acceptors).then(() => (isStopped = true));
  const [error] = (await once(net.connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException];
  expect([error.code, isStopped]).toEqual(['ECONNREFUSED', false]);
  for (const answer of answers) answer();
  expect((await Promise.all(asking)).filter((answer) => answer.endsWith('ok'))).toHaveLength(20);
  await stopped;
});

it('goes on with the one it has when it is closed before the others are there', async () => {
  const { server, acceptors } = await listen((_request, response) => response.end(), 16);
  await stop(server, acceptors);
  expect(await acceptors.ready).toBe(1);
});
