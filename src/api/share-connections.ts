import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from './network-of.ts';

export type ConnectionLimits = {
  readonly connections: number;
  /** Of a key, or of an address without one. */
  readonly connectionsOfClient: number;
};

export type Connections = {
  /** A request of the connection is being answered. `client` is who asks: its key, or its address where no good key came. */
  begin(socket: Socket, client: string): void;
  /** It was answered. */
  rest(socket: Socket, client: string): void;
};

type Held = { readonly idle: Set<Socket>; readonly busy: Set<Socket> };

/**
 * Bounds the connections of a client and of all. Who is one too many is let in, and the one that has asked for nothing for longest is
 * closed: with the newcomer refused, a flood would keep out everybody who shares its address, a proxy's for one. A connection belongs to
 * its address until a request with a good key came on it, from then on to the key.
 */
export function shareConnections(
  server: Server,
  { connections, connectionsOfClient }: ConnectionLimits,
): Connections {
  const clients = new Map<string, Held>();
  const owners = new Map<Socket, string>();

  function leave(socket: Socket): void {
    const owner = owners.get(socket);
    if (owner === undefined) return;
    owners.delete(socket);
    const held = clients.get(owner);
    held?.idle.delete(socket);
    held?.busy.delete(socket);
    if (held?.idle.size === 0 && held.busy.size === 0) clients.delete(owner);
  }

  function join(socket: Socket, owner: string, as: keyof Held): void {
    leave(socket);
    const held = clients.get(owner) ?? { idle: new Set(), busy: new Set() };
    clients.set(owner, held);
    owners.set(socket, owner);
    held[as].add(socket);
    if (sizeOf(held) > connectionsOfClient) closeOne(held, socket);
    else if (owners.size > connections) closeOne(largest(), socket);
  }

  function largest(): Held | undefined {
    let most: Held | undefined;
    for (const held of clients.values()) if (most === undefined || sizeOf(held) > sizeOf(most)) most = held;
    return most;
  }

  /** Those that rest first, and of them the one that rests for longest. */
  function closeOne(held: Held | undefined, newcomer: Socket): void {
    const chosen = firstOf(held?.idle, newcomer) ?? firstOf(held?.busy, newcomer) ?? newcomer;
    leave(chosen);
    chosen.destroy();
  }

  server.on('connection', (socket: Socket) => {
    socket.once('close', () => {
      leave(socket);
    });
    join(socket, networkOf(socket.remoteAddress), 'idle');
  });

  return {
    begin: (socket, client) => {
      if (owners.has(socket)) join(socket, client, 'busy');
    },
    rest: (socket, client) => {
      if (owners.has(socket)) join(socket, client, 'idle');
    },
  };
}

const sizeOf = ({ idle, busy }: Held): number => idle.size + busy.size;

/** The first that is not `except`, if there is one. */
function firstOf(sockets: ReadonlySet<Socket> = new Set(), except: Socket): Socket | undefined {
  for (const socket of sockets) if (socket !== except) return socket;
  return undefined;
}
