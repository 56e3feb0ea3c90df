import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { answer, problem, type Reply } from './answer.ts';
import { sendSpoiled, sendStatus, takeFault, type Fault } from './faults.ts';
import { keepLogons } from './logons.ts';
import { BadFilter } from './parse-filter.ts';
import { openView, type ShownSession } from './view.ts';
import { buildWorld, type World } from './world.ts';
import type { Style, Version } from './write-xml.ts';

export type SimulatorOptions = {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port?: number;
  /** Same seed and clock, same history. */
  readonly seed?: number;
  /** Sessions in its 30 days, about. */
  readonly sessions?: number;
  /** Where its clock starts; it runs from there. */
  readonly now?: Date;
  /** Makes the clock stand still until it is advanced. */
  readonly frozen?: boolean;
  /** How it writes times. */
  readonly version?: Version;
  readonly role?: 'administrator' | 'portal-user';
  readonly username?: string;
  readonly password?: string;
  /** The address it believes to have, as its Hrefs show. */
  readonly hrefBase?: string;
  /** False: it answers lists of sessions with references, whatever is asked. */
  readonly entityList?: boolean;
  readonly tokenIdleMs?: number;
  /** Whether /query reaches its whole history of 13 weeks, or the lists' 30 days. */
  readonly queryBeyondWindow?: boolean;
};

export type Simulator = {
  readonly url: string;
  advance(ms: number): void;
  now(): Date;
  /** Faults to come; add and remove at will. */
  readonly faults: Fault[];
  /** `METHOD /path?query` of every request so far. */
  readonly requests: string[];
  openLogons(): number;
  expireTokens(): void;
  /** What its list shows now. */
  sessions(): readonly ShownSession[];
  readonly world: World;
  close(): Promise<void>;
};

const dayMs = 86_400_000;

/** A simulated Enterprise Manager on a port of this machine, made from the vendor's API reference. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const seed = options.seed ?? 20;
  const startedAt = Date.now();
  const begin = options.now?.getTime() ?? startedAt;
  let advancedMs = 0;
  const nowMs = () => begin + advancedMs + (options.frozen === true ? 0 : Date.now() - startedAt);
  const world = buildWorld(seed, options.sessions ?? 6_000, Math.floor(begin / dayMs));
  const view = openView(world, seed, () => nowMs() * 1_000);
  const style: Style = {
    version: options.version ?? '13',
    hrefBase: options.hrefBase ?? 'http://em.corp.local:9399',
  };
  const logons = keepLogons(options.tokenIdleMs ?? 15 * 60_000, nowMs);
  const faults: Fault[] = [];
  const requests: string[] = [];
  const expected = `Basic ${Buffer.from(`${options.username ?? 'demo'}:${options.password ?? 'demo'}`).toString('base64')}`;
  const context = {
    world,
    view,
    style,
    isPortalUser: options.role === 'portal-user',
    entityList: options.entityList ?? true,
    queryBeyondWindow: options.queryBeyondWindow ?? true,
  };

  function reply(request: IncomingMessage, url: URL): Reply & { readonly headers?: Record<string, string> } {
    if (!url.pathname.startsWith('/api')) return problem(404, 'There is nothing here.');
    const path = url.pathname.slice('/api'.length).replace(/\/$/, '');
    if (path === '') {
      return {
        status: 200,
        body: `<?xml version="1.0"?><EnterpriseManager xmlns="http://www.veeam.com/ent/v1.0"><SupportedVersions><SupportedVersion Name="v1_7" /></SupportedVersions></EnterpriseManager>`,
      };
    }
    if (path === '/sessionMngr') return logOn(request);
    if (!logons.use(tokenOf(request))) {
      return {
        ...problem(401, 'The session has expired or was never opened.'),
        headers: { 'WWW-Authenticate': 'Basic Realm=RestSvc' },
      };
    }
    if (request.method === 'DELETE') {
      const id = /^\/logonSessions\/([\da-f-]{36})$/i.exec(path)?.[1];
      return id !== undefined && logons.close(id)
        ? { status: 204, body: '' }
        : problem(404, 'There is no such session.');
    }
    if (request.method !== 'GET') return problem(405, 'This method is not allowed here.');
    try {
      return answer(context, path, url.searchParams);
    } catch (error) {
      if (error instanceof BadFilter) return problem(400, error.message);
      throw error;
    }
  }

  function logOn(request: IncomingMessage): Reply & { readonly headers?: Record<string, string> } {
    if (request.method !== 'POST') return problem(405, 'POST opens a session.');
    if (request.headers.authorization !== expected) {
      return {
        ...problem(401, 'The user name or password is incorrect'),
        headers: { 'WWW-Authenticate': 'Basic Realm=RestSvc' },
      };
    }
    const { token, id } = logons.open();
    return {
      status: 201,
      headers: { 'X-RestSvcSessionId': token, 'Set-Cookie': `X-RestSvcSessionId=${token}; Path=/api;` },
      body: `<?xml version="1.0" encoding="utf-8"?><LogonSession xmlns="http://www.veeam.com/ent/v1.0" Type="LogonSession" Href="${style.hrefBase}/api/logonSessions/${id}"><UserName>demo</UserName><SessionId>${id}</SessionId></LogonSession>`,
    };
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = `${request.method ?? ''} ${request.url ?? ''}`;
    requests.push(line);
    const fault = takeFault(faults, line);
    if (fault?.kind === 'expire') logons.expireAll();
    if (fault?.kind === 'status') {
      sendStatus(response, fault);
      return;
    }
    const { status, body, headers } = reply(request, new URL(request.url ?? '/', 'http://localhost'));
    const all = { 'Content-Type': 'application/xml', Date: new Date(nowMs()).toUTCString(), ...headers };
    if (fault !== undefined && fault.kind !== 'expire') {
      sendSpoiled(response, status, all, typeof body === 'string' ? body : [...body].join(''), fault);
      return;
    }
    response.writeHead(status, all);
    if (typeof body === 'string') response.end(body);
    else await pipeline(Readable.from(inChunks(body)), response);
  }

  const server = createServer((request, response) => {
    request.resume();
    // A client that hangs up in the middle is its own affair.
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://${options.host ?? '127.0.0.1'}:${port}`,
    advance: (ms) => {
      advancedMs += ms;
    },
    now: () => new Date(nowMs()),
    faults,
    requests,
    openLogons: logons.count,
    expireTokens: logons.expireAll,
    sessions: () => view.list(30),
    world,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** EM prefers a cookie to the header, when it gets both. */
function tokenOf(request: IncomingMessage): string | undefined {
  const cookie = /(?:^|;\s*)X-RestSvcSessionId=([^;]+)/i.exec(request.headers.cookie ?? '')?.[1];
  const header = request.headers['x-restsvcsessionid'];
  return cookie ?? (Array.isArray(header) ? header[0] : header);
}

const chunkSize = 65_536;

/** Records in pieces that are worth a write. */
function* inChunks(pieces: Iterable<string>): Generator<Buffer> {
  let gathered = '';
  for (const piece of pieces) {
    gathered += piece;
    if (gathered.length < chunkSize) continue;
    yield Buffer.from(gathered);
    gathered = '';
  }
  yield Buffer.from(gathered);
}
