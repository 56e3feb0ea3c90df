import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import pg from 'pg';

/** A pooler between a program and PostgreSQL, in the manner of PgBouncer. */
export type Pooler = { readonly url: string; close(): Promise<void> };

type Backend = { readonly socket: Socket; readonly client: pg.Client };

/** What PgBouncer takes at the start of a connection; anything else it refuses. */
const startUpParameters = [
  'user',
  'database',
  'application_name',
  'client_encoding',
  'datestyle',
  'timezone',
];

/**
 * Lends connections to `url` to whoever comes, without a password: for as long as a client stays (`session`) or for one transaction
 * (`transaction`). The one given back last is lent first.
 */
export async function startPooler(url: string, mode: 'session' | 'transaction'): Promise<Pooler> {
  const idle: Backend[] = [];
  const all = new Set<Backend>();
  const clients = new Set<Socket>();
  const lend = async (): Promise<Backend> => idle.pop() ?? (await openBackend(url, all));

  const server = createServer((socket) => {
    clients.add(socket);
    let backend: Backend | undefined;
    let isGreeted = false;
    const give = () => {
      backend?.socket.removeAllListeners('data');
      if (backend !== undefined) idle.push(backend);
      backend = undefined;
    };
    // One message after the other, though lending takes its time.
    let turn: Promise<void> = Promise.resolve();
    const forward = async (chunk: Buffer) => {
      if (!isGreeted) {
        isGreeted = greet(socket, chunk);
        return;
      }
      // Terminate: the connection behind stays.
      if (chunk[0] === 0x58) {
        if (backend !== undefined) await resetSession(backend);
        give();
        socket.end();
        return;
      }
      if (backend === undefined) {
        const lent = await lend();
        backend = lent;
        lent.socket.on('data', (answer: Buffer) => {
          socket.write(answer);
          // ReadyForQuery outside a transaction ends every answer that ends a transaction.
          if (mode === 'transaction' && answer.subarray(-6).equals(readyForQuery)) give();
        });
      }
      backend.socket.write(chunk);
    };
    socket.on('data', (chunk: Buffer) => {
      turn = turn.then(() => forward(chunk)).catch(() => void socket.destroy());
    });
    socket.on('error', () => undefined);
    socket.on('close', () => clients.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = new URL(url);
  address.port = String((server.address() as AddressInfo).port);
  return {
    url: address.href,
    close: async () => {
      for (const socket of clients) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
      for (const { socket } of all) socket.destroy();
      await Promise.all([...all].map(({ client }) => client.end().catch(() => undefined)));
    },
  };
}

const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** Answers the first messages of a client; true when it is in. */
function greet(socket: Socket, chunk: Buffer): boolean {
  // SSLRequest: not here.
  if (chunk.length === 8 && chunk.readInt32BE(4) === 80_877_103) {
    socket.write('N');
    return false;
  }
  const words = chunk.subarray(8).toString('utf8').split('\0');
  for (let index = 0; index + 1 < words.length && words[index] !== ''; index += 2) {
    const name = words[index] ?? '';
    if (startUpParameters.includes(name.toLowerCase())) continue;
    socket.end(message('E', `SFATAL\0C08P01\0Munsupported startup parameter: ${name}\0\0`));
    return false;
  }
  const ok = message('R', Buffer.from([0, 0, 0, 0]));
  // A number of its own, for cancelling: no process of the server has it.
  const key = message('K', Buffer.from([0x7f, 0xff, 0xff, 0x01, 0, 0, 0, 1]));
  socket.write(Buffer.concat([ok, key, readyForQuery]));
  return true;
}

function message(type: string, body: string | Buffer): Buffer {
  const payload = Buffer.from(body as string);
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(payload.length + 4, 1);
  return Buffer.concat([head, payload]);
}

/** A connection that node-postgres opened and that speaks for others from then on. */
async function openBackend(url: string, all: Set<Backend>): Promise<Backend> {
  const client = new pg.Client({ connectionString: url, application_name: 'pooler' });
  client.on('error', () => undefined);
  await client.connect();
  const { stream: socket } = (client as unknown as { connection: { stream: Socket } }).connection;
  socket.removeAllListeners('data');
  const backend = { socket, client };
  all.add(backend);
  return backend;
}

async function resetSession({ socket }: Backend): Promise<void> {
  socket.removeAllListeners('data');
  socket.write(message('Q', 'discard all\0'));
  await once(socket, 'data');
}
