import { existsSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** The pages of the dashboard, which are all one file; the rest of the address is read in the browser. */
const pages = ['/', '/computers', '/computer', '/jobs', '/job', '/sessions', '/session', '/sync'];

/** Everything comes from this server; no inline script or style, whatever a name holds. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the built dashboard, if it was built, at the bare address. It holds no secret: data come with a key, from the API. */
export async function serveDashboard(api: FastifyInstance, folder: string): Promise<void> {
  if (!existsSync(path.join(folder, 'index.html'))) {
    api.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs/'));
    return;
  }
  await api.register(fastifyStatic, {
    root: path.join(folder, 'assets'),
    prefix: '/assets/',
    // Names carry a hash of what is in them.
    immutable: true,
    maxAge: '365d',
    index: false,
    schemaHide: true,
  });
  const sendPage = (reply: FastifyReply) =>
    reply
      .header('content-security-policy', policy)
      .header('cache-control', 'no-cache')
      .sendFile('index.html', folder, { cacheControl: false });
  for (const page of pages) {
    api.get(page, { schema: { hide: true } }, (_request, reply) => sendPage(reply));
  }
}
