import { timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KeyScope } from '../domain/api-key.ts';
import { hashKey } from '../db/api-keys.ts';
import { readAccess, type Access } from '../query/sql/read-access.ts';
import { Problem } from './problems.ts';
import { readyPool, type QueryOptions } from './query-options.ts';
import { refuseUnreadable } from './read-parameters.ts';
import type { Strangers } from './strangers.ts';

declare module 'fastify' {
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- only an interface can be added to
  interface FastifyRequest {
    access: Access | undefined;
  }
}

// The whole header: what a URL parser would make of `localhost:80@evil` is not what the browser meant.
const loopbackName = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;
const ownAddress = /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/;
/** What proxies add. A request that came through one comes from this machine whoever sent it. */
const proxyHeaders = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-original-forwarded-for',
  'true-client-ip',
  'cf-connecting-ip',
];

/** Lets a request pass that has a good key; any from this machine, while no key was ever made. */
export async function checkAccess(
  request: FastifyRequest,
  reply: FastifyReply,
  options: Pick<QueryOptions, 'accessPool' | 'noteKeyUse'>,
  strangers: Strangers,
): Promise<void> {
  refuseUnreadable(request.url, request.query);
  const pool = readyPool(options.accessPool);
  const key = bearerOf(request);
  const hash = key === undefined ? undefined : hashKey(key);
  await strangers.check(request, hash);
  const access = await readAccess(pool, hash);
  request.access = access;
  reply.header('vary', 'Accept, Authorization, Origin');
  if (access.key !== undefined) {
    strangers.know(hash);
    if (!access.key.isUseNoted) options.noteKeyUse(access.key.id);
    return;
  }
  strangers.forget(hash);
  // A key that is wrong is told so even where none is needed.
  if (access.hasKeys || request.headers.authorization !== undefined) {
    await strangers.count(request);
    throw new Problem('unauthorized', describeRefusal(key, access));
  }
  refuseFromElsewhere(request);
}

function describeRefusal(key: string | undefined, { expiredAt }: Access): string {
  if (key === undefined) return 'Send Authorization: Bearer <key>.';
  return expiredAt === undefined
    ? 'The key is not good, or no longer.'
    : `The key expired at ${expiredAt}. Make another: session-history keys create.`;
}

/** While nobody needs a key, only a program on this machine that connects directly may ask. Throws Problem `misdirected`. */
function refuseFromElsewhere(request: FastifyRequest): void {
  // Anybody can claim to have asked for localhost.
  if (!ownAddress.test(request.socket.remoteAddress ?? ''))
    throw new Problem('misdirected', 'While there is no key, only the machine of this server may ask.');
  if (proxyHeaders.some((name) => request.headers[name] !== undefined))
    throw new Problem('misdirected', 'While there is no key, nobody may ask through a proxy.');
  refuseForeignName(request);
}

/** A web page in a browser on this machine may not read through a name of its own that it points here. */
export function refuseForeignName(request: FastifyRequest): void {
  const { host = '' } = request.headers;
  if (!loopbackName.test(host))
    throw new Problem('misdirected', `While there is no key, ${host} is no name for this server.`);
}

/** Throws Problem `unauthorized` unless the request has that token. */
export function requireToken(request: FastifyRequest, token: string): void {
  const given = bearerOf(request);
  // Hashes are of one length, and tell nothing of where two texts differ.
  if (given === undefined || !timingSafeEqual(hashKey(given), hashKey(token)))
    throw new Problem('unauthorized', 'Send Authorization: Bearer <METRICS_TOKEN>.');
}

/** Throws unless the request may do what takes that scope. */
export function requireScope(request: FastifyRequest, scope: KeyScope): void {
  const { origin, host = '' } = request.headers;
  // Without a key nothing else tells what a person does from what a page of another site does in their browser.
  if (request.access?.key === undefined) {
    // The origin may be no address: `null` is what a page in a sandbox sends.
    if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host))
      throw new Problem('forbidden', `A page of ${origin} may not do this.`);
    return;
  }
  if (scope === 'operate' && request.access.key.scope !== 'operate')
    throw new Problem('forbidden', 'This needs a key of scope operate.');
}

/** Who is asked to share with others: a key, or an address while none is needed. */
export function clientOf(request: FastifyRequest): string {
  return request.access?.key?.id ?? request.socket.remoteAddress ?? '';
}

function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}
