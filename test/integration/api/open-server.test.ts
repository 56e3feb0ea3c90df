import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { openServer, usualLimits, type ServerLimits } from '../../../src/api/open-server.ts';

const opened: http.Server[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(opened.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function listen(
  handle: http.RequestListener,
  limits: Partial<ServerLimits> = {},
  clientOf?: (request: http.IncomingMessage) => string,
): Promise<number> {
  const server = openServer(handle, { ...usualLimits, ...limits }, clientOf);
  opened.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}
function connect(port: number): Socket {
  const socket = net.connect(port, '127.0.0.1');
  sockets.push(socket);
  // Being cut is what it is for.
  socket.on('error', () => undefined);
  return socket;
}
const closeOf = (socket: Socket) => new Promise((resolve) => socket.resume().once('close', resolve));
const closed = (response: http.ServerResponse | undefined) =>
  new Promise((resolve) => response?.once('close', resolve));
const ask = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

function* pieces(): Generator<Buffer, void, void> {
  for (let piece = 0; piece < 500; piece += 1) yield Buffer.alloc(100_000);
}

it('answers the requests of a connection in their order, one at a time', async () => {
  let underWay = 0;
  let most = 0;
  const port = await listen((request, response) => {
    most = Math.max(most, (underWay += 1));
    setImmediate(() => {
      underWay -= 1;
      response.end(`[${request.url ?? ''}]`);
    });
  });
  const socket = connect(port);
  socket.write(
    [1, 2, 3, 4, 5].map((number) => ask(`/${number}`, number === 5 ? 'Connection: close\r\n' : '')).join(''),
  );
  const answers = (await text(socket)).match(/\[\/\d\]/g);
  expect([answers, most]).toEqual([['[/1]', '[/2]', '[/3]', '[/4]', '[/5]'], 1]);
});

it('cuts a connection that asks for more than may wait, and does no work for it', async () => {
  let handled = 0;
  const port = await listen((_request, response) => {
    handled += 1;
    response.end(Buffer.alloc(100_000));
  });
  const socket = connect(port);
  socket.pause();
  socket.write(ask('/').repeat(1_500));
  await closeOf(socket);
  expect(handled).toBeLessThanOrEqual(1 + usualLimits.waitingRequests);
});

it('reads no further than to where it cuts a connection', async () => {
  const port = await listen(() => undefined);
  let read = 0;
  opened.at(-1)?.on('request', () => (read += 1));
  const socket = connect(port);
  socket.write(ask('/').repeat(1_500));
  await closeOf(socket);
  expect(read).toBeGreaterThan(usualLimits.waitingRequests);
  expect(read).toBeLessThan(100);
});

it.each([
  ['name no host', 'GET / HTTP/1.1\r\n\r\n', '400 Bad Request'],
  ['expect what there is not', ask('/', 'Expect: x\r\n'), '200 OK'],
])('bounds requests that %s as all others, and answers one', async (_what, request, status) => {
  const port = await listen((_request, response) => response.end('x'));
  const answer = connect(port);
  answer.write(request);
  const [bytes] = (await once(answer, 'data')) as [Buffer];
  expect(bytes.toString()).toContain(`HTTP/1.1 ${status}\r\n`);
  // None of these is answered before the connection is cut: all are read before anybody's turn.
  const flood = connect(port);
  let answered = '';
  flood.on('data', (more: Buffer) => (answered += more.toString()));
  flood.write(request.repeat(1_000));
  await closeOf(flood);
  expect(answered).toBe('');
});

it('reads what is larger than a piece whole, requests and bodies', async () => {
  const port = await listen((request, response) => {
    void text(request).then((body) => response.end(`[${String(request.headers['x'] ?? '')}${body}]`));
  });
  const socket = connect(port);
  const [header, body] = ['h'.repeat(9_000), 'b'.repeat(300_000)];
  socket.write(
    `POST / HTTP/1.1\r\nHost: x\r\nX: ${header}\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
      ask('/', 'Connection: close\r\n'),
  );
  const answers = await text(socket);
  expect(answers).toContain(`[${header}${body}]`);
  expect(answers.endsWith('[]')).toBe(true);
});

it('forgets what waits when the client leaves', async () => {
  const responses: http.ServerResponse[] = [];
  const port = await listen((_request, response) => responses.push(response));
  const socket = connect(port);
  socket.write(ask('/').repeat(10));
  await expect.poll(() => responses.length).toBe(1);
  const left = closed(responses[0]);
  socket.destroy();
  await left;
  expect(responses).toHaveLength(1);
});

it.each([
  ['never reads', 0],
  ['reads less than a trickle', 1],
])('cuts a client that %s', async (_what, bytes) => {
  let response: http.ServerResponse | undefined;
  const port = await listen(
    (_request, answer) => {
      response = answer;
      answer.write(Buffer.alloc(50_000_000));
    },
    { sendMs: 600 },
  );
  const socket = connect(port);
  socket.pause();
  socket.write(ask('/'));
  await expect.poll(() => response).toBeDefined();
  const trickle = setInterval(() => {
    socket.read(bytes);
  }, 50);
  await closed(response);
  clearInterval(trickle);
  expect(response?.writableFinished).toBe(false);
});

it('leaves one alone that reads, and one that has nothing to read yet', async () => {
  const port = await listen(
    (request, response) => {
      if (request.url === '/large') Readable.from(pieces()).pipe(response);
      // Longer than a reader may take for nothing.
      else setTimeout(() => response.end('late'), 2_500);
    },
    { sendMs: 2_000, sendBytes: 1 },
  );
  const bytes = async (path: string) =>
    (await (await fetch(`http://127.0.0.1:${port}${path}`)).arrayBuffer()).byteLength;
  expect(await Promise.all([bytes('/large'), bytes('/late')])).toEqual([50_000_000, 4]);
});

it.each([
  ['says nothing', ''],
  ['begins to ask', 'GET / HTTP/1.1\r\nHost: x\r\nX-'],
])('hangs up on a client that %s and goes no further', async (_what, begun) => {
  const port = await listen((_request, response) => response.end(), { headersMs: 100 });
  const socket = connect(port);
  socket.write(begun);
  await closeOf(socket);
});

describe('a newcomer is let in', () => {
  const keyOf = ({ headers, socket }: http.IncomingMessage) =>
    headers.authorization ?? socket.remoteAddress ?? '';
  const greet: http.RequestListener = (_request, response) => response.end('ok');
  const asked = async (port: number, more = '') => {
    const socket = connect(port);
    socket.write(ask('/', more));
    await once(socket, 'data');
    return socket;
  };
  const gone = (socket: Socket) =>
    expect.poll(() => socket.resume().destroyed || socket.readableEnded).toBe(true);

  it('and the connection of its address that rests for longest is closed', async () => {
    const port = await listen(greet, { connectionsOfClient: 3 }, keyOf);
    const first = await asked(port);
    const kept = [await asked(port), await asked(port)];
    first.write(ask('/'));
    await once(first, 'data');
    const newcomer = await asked(port);
    await gone(kept[0] ?? first);
    for (const socket of [first, newcomer]) {
      socket.write(ask('/'));
      await once(socket, 'data');
    }
  });

  it('also among a flood that asks for nothing, or never takes its answers', async () => {
    const never: http.RequestListener = (request, response) => {
      if (request.url === '/') response.end('ok');
    };
    const port = await listen(never, { connectionsOfClient: 20 }, keyOf);
    const flood = Array.from({ length: 100 }, (_, number) => {
      const socket = connect(port);
      if (number % 2 === 0) socket.write(ask('/never'));
      return socket;
    });
    await Promise.all(flood.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
    for (let turn = 0; turn < 10; turn += 1) (await asked(port)).destroy();
  });

  it('but not who has only just come, as long as there are not four times as many', async () => {
    const port = await listen(greet, { connectionsOfClient: 5, graceMs: 60_000 }, keyOf);
    const first = connect(port);
    await once(first, 'connect');
    const others: Socket[] = [];
    for (let turn = 0; turn < 19; turn += 1) {
      const socket = connect(port);
      others.push(socket);
      await once(socket, 'connect');
    }
    first.write(ask('/'));
    await once(first, 'data');
    // It rests now behind those that have never asked.
    connect(port);
    await gone(others[0] ?? first);
  });

  it('while connections with a key are not counted with those of their address', async () => {
    const port = await listen(greet, { connectionsOfClient: 5 }, keyOf);
    const keyed = await asked(port, 'Authorization: Bearer k\r\n');
    for (let turn = 0; turn < 30; turn += 1) await asked(port);
    keyed.write(ask('/', 'Authorization: Bearer k\r\n'));
    await once(keyed, 'data');
    expect(keyed.destroyed).toBe(false);
  });

  it('when there are too many in all, and whoever has most gives one', async () => {
    const port = await listen(greet, { connections: 6, connectionsOfClient: 100 }, keyOf);
    const few = await asked(port, 'Authorization: Bearer few\r\n');
    const many: Socket[] = [];
    for (let turn = 0; turn < 8; turn += 1) many.push(await asked(port, 'Authorization: Bearer many\r\n'));
    await gone(many[0] ?? few);
    few.write(ask('/', 'Authorization: Bearer few\r\n'));
    await once(few, 'data');
  });
});

it('refuses addresses and headers that are too large together', async () => {
  const port = await listen((_request, response) => response.end('ok'));
  const statusOf = async (length: number) =>
    (await fetch(`http://127.0.0.1:${port}/?${'a&'.repeat(length / 2)}`)).status;
  expect([await statusOf(30_000), await statusOf(60_000)]).toEqual([200, 431]);
});
