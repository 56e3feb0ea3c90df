import { timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KeyScope } from '../domain/api-key.ts';
import { hashKey } from '../db/api-keys.ts';
import { noLimits } from '../query/limits.ts';
import { readAccess, type Access } from '../query/sql/read-access.ts';
import type { KnownKeys } from './known-keys.ts';
import { Problem } from './problems.ts';
import { readyPool, type QueryOptions } from './query-options.ts';
import { refuseUnreadable } from './read-parameters.ts';
import { shareLookUp } from './share-look-up.ts';
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
/** What proxies add, by whatever name. A request that came through one comes from this machine whoever sent it. */
const proxyHeader =
  /^via$|forwarded|(client|real|connecting|proxyuser|external)-?(ip|address)$|^x-(original|envoy|proxy)-/;

/**
 * Lets a request pass that has a good key; any from this machine, while no key was ever made. The check of one server: it remembers
 * that keys are needed, for once there was a key there always was.
 */
export function openAccess(
  options: Pick<QueryOptions, 'accessPool' | 'noteKeyUse'>,
  strangers: Strangers,
  known: KnownKeys,
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  let areKeysNeeded = false;
  const lookUp = shareLookUp(async (hash) => {
    const access = await readAccess(
      readyPool(options.accessPool),
      hash === '' ? undefined : Buffer.from(hash, 'base64'),
      hash === '' ? noLimits : known.limitsOf(hash),
    );
    areKeysNeeded ||= access.hasKeys;
    if (access.key === undefined) known.forget(hash);
    else known.know(hash, access.limits);
    if (access.key?.isUseNoted === false) options.noteKeyUse(access.key.id);
    return access;
  });

  return async (request, reply) => {
    refuseUnreadable(request.url, request.query);
    reply.header('vary', 'Accept, Authorization, Origin');
    const hash = hashOf(request.headers.authorization);
    await strangers.check(request, hash);
    // Whoever has no key need not trouble the database.
    const access = hash === undefined && areKeysNeeded ? undefined : await lookUp(hash ?? '');
    request.access = access;
    if (access?.key !== undefined) return;
    // A key that is wrong is told so even where none is needed.
    if (access?.hasKeys !== false || request.headers.authorization !== undefined) {
      await strangers.count(request);
      throw new Problem('unauthorized', describeRefusal(hash, access?.expiredAt));
    }
    refuseFromElsewhere(request);
  };
}

function describeRefusal(hash: string | undefined, expiredAt: string | undefined): string {
  if (hash === undefined) return 'Send Authorization: Bearer <key>.';
  return expiredAt === undefined
    ? 'The key is not good, or no longer.'
    : `The key expired at ${expiredAt}. Make another: session-history keys create.`;
}

/** While nobody needs a key, only a program on this machine that connects directly may ask. Throws Problem `misdirected`. */
function refuseFromElsewhere(request: FastifyRequest): void {
  // Anybody can claim to have asked for localhost.
  if (!ownAddress.test(request.socket.remoteAddress ?? ''))
    throw new Problem('misdirected', 'While there is no key, only the machine of this server may ask.');
  if (Object.keys(request.headers).some((name) => proxyHeader.test(name)))
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
  const given = bearerOf(request.headers.authorization);
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

/** What a key in that header is stored as, in base64; undefined where there is none. */
export function hashOf(authorization: string | undefined): string | undefined {
  const key = bearerOf(authorization);
  return key === undefined ? undefined : hashKey(key).toString('base64');
}

const bearerOf = (authorization = ''): string | undefined => /^Bearer +(\S+)$/i.exec(authorization)?.[1];
