import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from './network-of.ts';

export type ConnectionLimits = {
  readonly connections: number;
  /** Of a key, or of an address without one. */
  readonly connectionsOfClient: number;
  /** Milliseconds that a connection which has not asked yet is kept past `connectionsOfClient`. */
  readonly graceMs: number;
};

export type Connections = {
  /** A request of the connection is being answered. `client` is who asks: its key, or its address where no good key came. */
  begin(socket: Socket, client: string): void;
  /** It was answered. */
  rest(socket: Socket, client: string): void;
};

/** Times `connectionsOfClient` that a client may have with those that have just come. */
const mostWithNew = 4;

type Held = { readonly idle: Set<Socket>; readonly busy: Set<Socket> };

/**
 * Bounds the connections of a client and of all. Who is one too many is let in, and the one that has asked for nothing for longest is
 * closed: with the newcomer refused, a flood would keep out everybody who shares its address, a proxy's for one. Who has
 * just come is given a moment to ask, else a flood would push out the newcomers as well. A connection belongs to its address until a
 * request with a good key came on it, from then on to the key.
 */
export function shareConnections(
  server: Server,
  { connections, connectionsOfClient, graceMs }: ConnectionLimits,
): Connections {
  const clients = new Map<string, Held>();
  const owners = new Map<Socket, string>();
  /** When those that have asked for nothing yet came. */
  const cameAt = new Map<Socket, number>();

  function leave(socket: Socket): void {
    const owner = owners.get(socket);
    if (owner === undefined) return;
    owners.delete(socket);
    cameAt.delete(socket);
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
    if (sizeOf(held) > connectionsOfClient && !isNew(held)) closeOne(held, socket);
    else if (owners.size > connections) closeOne(largest(), socket);
  }

  /** Whether the one that rests for longest has only just come, and may stay. */
  function isNew(held: Held): boolean {
    const [first] = held.idle;
    const since = first && cameAt.get(first);
    return (
      since !== undefined &&
      performance.now() - since < graceMs &&
      sizeOf(held) <= mostWithNew * connectionsOfClient
    );
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
    if (owners.has(socket)) cameAt.set(socket, performance.now());
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
