import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KeyScope } from '../domain/api-key.ts';
import { hashKey } from '../db/api-keys.ts';
import { readAccess, type Access } from '../query/sql/read-access.ts';
import { Problem } from './problems.ts';
import { isReadable } from './querystring-parser.ts';
import { readyPool, type QueryOptions } from './query-options.ts';

declare module 'fastify' {
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- only an interface can be added to
  interface FastifyRequest {
    access: Access | undefined;
  }
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const ownAddress = /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/;

/** Lets a request pass that has a good key; any from this machine, while no key was ever made. */
export async function checkAccess(
  request: FastifyRequest,
  reply: FastifyReply,
  options: Pick<QueryOptions, 'pool' | 'noteKeyUse'>,
): Promise<void> {
  if (!isReadable(request.url))
    throw new Problem('bad-request', 'A percent sign in the address does not begin the code of a character.');
  const pool = readyPool(options);
  const key = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const access = await readAccess(pool, key === undefined ? undefined : hashKey(key));
  request.access = access;
  reply.header('vary', 'Accept, Authorization, Origin');
  if (access.key !== undefined) {
    if (!access.key.isUseNoted) options.noteKeyUse(access.key.id);
    return;
  }
  // A key that is wrong is told so even where none is needed.
  if (access.hasKeys || request.headers.authorization !== undefined) {
    throw new Problem(
      'unauthorized',
      key === undefined ? 'Send Authorization: Bearer <key>.' : 'The key is not good, or no longer.',
    );
  }
  // Anybody can claim to have asked for localhost.
  if (!ownAddress.test(request.socket.remoteAddress ?? ''))
    throw new Problem('misdirected', 'While there is no key, only the machine of this server may ask.');
  // A web page in a browser on this machine may not read through a name of its own that it points here.
  if (!loopback.test(request.hostname))
    throw new Problem(
      'misdirected',
      `While there is no key, ${request.hostname} is no name for this server.`,
    );
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
