import http from 'node:http';
import type { Socket } from 'node:net';
import { createLanes } from './create-lanes.ts';
import { networkOf } from './network-of.ts';
import { shareConnections, type ConnectionLimits } from './share-connections.ts';
import { noteRequest } from './yield-to-others.ts';

/** What one client may take of a server. Times in milliseconds. */
export type ServerLimits = ConnectionLimits & {
  /** Requests that wait in a connection for the answers before theirs. */
  readonly waitingRequests: number;
  /** Requests that are started before the process looks at its sockets again. */
  readonly startsAtOnce: number;
  /** Of the address and the headers together. */
  readonly headerBytes: number;
  readonly headersMs: number;
  readonly requestMs: number;
  /** How long an answer may wait for its reader to take `sendBytes` of it. */
  readonly sendMs: number;
  readonly sendBytes: number;
};

export const usualLimits: ServerLimits = {
  connections: 2_000,
  connectionsOfClient: 256,
  graceMs: 1_000,
  waitingRequests: 32,
  startsAtOnce: 4,
  // A name of 2,500 characters that take twelve bytes each in an address.
  headerBytes: 32_768,
  headersMs: 10_000,
  requestMs: 30_000,
  // About 8 kB/s: any link that is one.
  sendMs: 60_000,
  sendBytes: 480_000,
};

/** Longer than load balancers keep connections open, so that they are the ones to close. */
const keepAliveMs = 72_000;

type Exchange = readonly [http.IncomingMessage, http.ServerResponse];

/**
 * An HTTP server that bounds what a client can make it hold. Node reads all requests of a chunk before the first is answered, and
 * keeps their answers until those before are sent; here a connection's requests are answered one after the other, so that it never
 * holds more than one answer, one open file and one question to the database. Lanes share the process fairly, whatever one of them
 * sends. Readers that are too slow are cut.
 */
export function openServer(
  handle: http.RequestListener,
  limits = usualLimits,
  clientOf: (request: http.IncomingMessage) => string = addressOf,
): http.Server {
  const waiting = new WeakMap<Socket, Exchange[]>();
  const lanes = createLanes(limits.startsAtOnce);

  function answer([request, response]: Exchange): void {
    const client = clientOf(request);
    // An address is anybody's; a key was given to somebody. Who only asks whether the service lives stands in a line of his own.
    const lane = request.url === '/healthz' || request.url === '/readyz' ? `${client} probes` : client;
    const done = lanes.enter(lane, client !== addressOf(request), () => {
      noteRequest();
      if (request.socket.destroyed) return;
      if (namesHost(request)) handle(request, response);
      else response.writeHead(400, { connection: 'close' }).end();
    });
    response.once('close', () => {
      done();
      const { socket } = request;
      const next = waiting.get(socket)?.shift();
      if (socket.destroyed || next === undefined) {
        waiting.delete(socket);
        shares.rest(socket, clientOf(request));
      } else answer(next);
    });
  }

  function receive(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { socket } = request;
    // What is left of a chunk is still read after the connection was cut.
    if (socket.destroyed) return;
    const line = waiting.get(socket);
    if (line === undefined) {
      waiting.set(socket, []);
      shares.begin(socket, clientOf(request));
      answer([request, response]);
    } else if (line.length < limits.waitingRequests) {
      line.push([request, response]);
    } else {
      socket.destroy();
    }
  }

  const server = http.createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: Math.min(5_000, limits.headersMs),
      // Node refuses who names no host, or expects what there is not, while it reads: all that a chunk holds, before anybody's turn.
      requireHostHeader: false,
    },
    receive,
  );
  // Nobody has to refuse what is expected (RFC 9110, 10.1.1).
  server.on('checkExpectation', receive);
  const shares = shareConnections(server, limits);
  server.on('connection', readInPieces);
  server.on('connection', endWithoutTraces);
  cutSlowReaders(server, limits);
  return server;
}

/** Whether it says whom it asks, as HTTP 1.1 wants it. */
const namesHost = ({ httpVersion, headers }: http.IncomingMessage): boolean =>
  headers.host !== undefined || httpVersion !== '1.1';

/** Bytes: some forty of the shortest requests. */
const pieceBytes = 2_048;

/**
 * Hands what a socket received to the parser piece by piece, none of it after the connection was cut. The parser would make all
 * 1,300 requests of a chunk before anything else happens, and those of each other connection that sent as many.
 */
function readInPieces(socket: Socket): void {
  const [parse] = socket.listeners('data') as ((chunk: Buffer) => void)[];
  if (parse === undefined) return;
  socket.off('data', parse);
  socket.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length && !socket.destroyed; at += pieceBytes) {
      // The parser takes nothing while answers wait for their reader.
      if (socket.isPaused()) {
        socket.unshift(chunk.subarray(at));
        return;
      }
      parse(chunk.subarray(at, at + pieceBytes));
    }
  });
}

/**
 * Node makes an error for each request that a connection leaves unanswered when it closes. Where they were made is of no interest, and
 * writing that down is most of what it costs to be rid of a client that asked for more than may wait.
 */
function endWithoutTraces(socket: Socket): void {
  let usual = 0;
  socket.prependListener('close', () => {
    usual = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
  });
  socket.on('close', () => {
    Error.stackTraceLimit = usual;
  });
}

/** What a client without a key is known by. */
export const addressOf = ({ socket }: http.IncomingMessage): string => networkOf(socket.remoteAddress);

/** Looks now and then which connections have something to send, and how much of it was taken since. */
function cutSlowReaders(server: http.Server, { sendMs, sendBytes }: ServerLimits): void {
  const watched = new Map<Socket, { since: number; taken: number }>();
  server.on('connection', (socket: Socket) => {
    watched.set(socket, { since: Date.now(), taken: 0 });
    socket.once('close', () => watched.delete(socket));
  });
  const look = setInterval(() => {
    const now = Date.now();
    for (const [socket, sending] of watched) {
      const taken = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || taken - sending.taken >= sendBytes) {
        sending.since = now;
        sending.taken = taken;
      } else if (now - sending.since >= sendMs) {
        socket.destroy();
      }
    }
  }, sendMs / 12);
  look.unref();
  server.once('close', () => {
    clearInterval(look);
  });
}
