import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A network that can be broken, between a program and a server. */
export type TcpProxy = {
  readonly port: number;
  /** Breaks all connections and refuses new ones. */
  cut(): Promise<void>;
  /** Accepts connections, and lets nothing through any more, in old and new ones. */
  silence(): void;
  restore(): Promise<void>;
  connections(): number;
  close(): Promise<void>;
};

export async function startTcpProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isSilent = false;
  const accept = (inner: Socket) => {
    const outer = connect(target);
    const pair = [inner, outer] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      inner.destroy();
      outer.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    inner.on('data', (chunk) => isSilent || outer.write(chunk));
    outer.on('data', (chunk) => isSilent || inner.write(chunk));
  };
  let server = createServer(accept);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const breakAll = () => {
    for (const [inner, outer] of [...pairs]) {
      inner.destroy();
      outer.destroy();
    }
  };
  const stopListening = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    breakAll();
    await closed;
  };
  return {
    port,
    cut: stopListening,
    silence: () => {
      isSilent = true;
    },
    restore: async () => {
      if (isSilent) breakAll();
      isSilent = false;
      if (server.listening) return;
      server = createServer(accept);
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    connections: () => pairs.size,
    close: stopListening,
  };
}
