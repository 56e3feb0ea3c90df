import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answering } from './answering.ts';
import { isRefusal, sendRefusal, takeFault, takesGzip, type Fault } from './faults.ts';
import { keepLogons } from './logons.ts';
import { honestQuery, type QueryManners } from './query-manners.ts';
import { route } from './route.ts';
import { send } from './send.ts';
import type { Upheavals } from './upheavals.ts';
import { openView, type ShownSession } from './view.ts';
import { openWitness, type Witness } from './witness.ts';
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
  /** Servers, jobs and computers, in place of those made for so many sessions. */
  readonly world?: World;
  /** Where its clock starts; it runs from there, and every answer shows it as `Date`. */
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
  /** Its history: 13 weeks by default. */
  readonly retentionDays?: number;
  /** Whether /query reaches its whole history, or the lists' 30 days. */
  readonly queryBeyondWindow?: boolean;
  /** Whether it compresses for clients that take it. */
  readonly compresses?: boolean;
};

export type Simulator = {
  readonly url: string;
  advance(ms: number): void;
  now(): Date;
  /** Faults to come; add and remove at will. */
  readonly faults: Fault[];
  /** How it answers /query from now on. */
  readonly query: QueryManners;
  /** Ends all faults and bad manners, and brings back what they removed. */
  repent(): void;
  /** What becomes of its sessions from now on. */
  readonly upheavals: Upheavals;
  readonly lists: { form: 'entity' | 'reference' };
  /** `METHOD /path?query` of every request so far. */
  readonly requests: string[];
  /** Called when an answer is made and before it is sent, which waits for it. */
  onRequest: ((request: string) => void | Promise<void>) | undefined;
  openLogons(): number;
  expireTokens(): void;
  /** What its list shows now. */
  sessions(): readonly ShownSession[];
  /** All it has now, the list's 30 days and what is older. */
  history(): readonly ShownSession[];
  readonly witness: Witness;
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
  const world = options.world ?? buildWorld(seed, options.sessions ?? 6_000, Math.floor(begin / dayMs));
  const retentionDays = options.retentionDays ?? 91;
  const view = openView(world, seed, () => nowMs() * 1_000, retentionDays);
  const style: Style = {
    version: options.version ?? '13',
    hrefBase: options.hrefBase ?? 'http://em.corp.local:9399',
  };
  const logons = keepLogons(options.tokenIdleMs ?? 15 * 60_000, nowMs);
  const faults: Fault[] = [];
  const requests: string[] = [];
  const witness = openWitness();
  const query: QueryManners = {
    ...honestQuery,
    reachDays: options.queryBeyondWindow === false ? 30 : undefined,
  };
  const removals: (() => void)[] = [];
  const context: Answering = {
    world,
    view,
    style,
    isPortalUser: options.role === 'portal-user',
    lists: { form: options.entityList === false ? 'reference' : 'entity' },
    retentionDays,
    manners: query,
    requestCount: () => requests.length,
    whileRemoved: (undo) => removals.push(undo),
  };
  const account = { username: options.username ?? 'demo', password: options.password ?? 'demo' };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = `${request.method ?? ''} ${request.url ?? ''}`;
    requests.push(line);
    response.sendDate = false;
    response.setHeader('Date', new Date(nowMs()).toUTCString());
    const fault = takeFault(faults, line);
    if (fault?.kind === 'expire') logons.expireAll();
    if (fault !== undefined && isRefusal(fault)) {
      await simulator.onRequest?.(line);
      sendRefusal(response, fault);
      return;
    }
    const reply = route(context, logons, account, request);
    await simulator.onRequest?.(line);
    const spoiling = fault?.kind === 'expire' ? undefined : fault;
    const isCompressed = options.compresses === true && takesGzip(request);
    try {
      await send(response, reply, { isCompressed, spoiling });
      // Whoever asked for something else need not believe what a /query that ignores its filter shows besides.
      const isHonest = query.filter === 'honest' || !/\/query/i.test(line);
      witness.note(reply.shows ?? [], spoiling === undefined && isHonest);
    } catch (error) {
      witness.note(reply.shows ?? [], false);
      throw error;
    }
  }

  const server = createServer((request, response) => {
    request.resume();
    // A client that hangs up in the middle is its own affair.
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const simulator: Simulator = {
    url: `http://${options.host ?? '127.0.0.1'}:${port}`,
    advance: (ms) => {
      advancedMs += ms;
    },
    now: () => new Date(nowMs()),
    faults,
    query,
    repent: () => {
      faults.length = 0;
      Object.assign(query, honestQuery);
      for (const undo of removals.splice(0)) undo();
    },
    upheavals: view.upheavals,
    lists: context.lists,
    requests,
    onRequest: undefined,
    openLogons: logons.count,
    expireTokens: logons.expireAll,
    sessions: () => view.list(30),
    history: () => view.list(retentionDays),
    witness,
    world,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return simulator;
}
