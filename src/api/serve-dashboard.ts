import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { Problem } from './problems.ts';

/** The pages of the dashboard, which are all one file; the rest of the address is read in the browser. */
const pages = [
  '/',
  '/computers',
  '/computer',
  '/jobs',
  '/job',
  '/sessions',
  '/session',
  '/sync',
  '/holes',
  '/completeness',
];

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
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

/** Serves the built dashboard, if it was built, at the bare address. It holds no secret: data come with a key, from the API. */
export async function serveDashboard(api: FastifyInstance, folder: string): Promise<void> {
  if (!existsSync(path.join(folder, 'index.html'))) {
    api.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs/'));
    return;
  }
  const assets = await readFolder(path.join(folder, 'assets'));
  api.get('/assets/:name', { schema: { hide: true } }, (request, reply) => {
    const { name } = request.params as { readonly name: string };
    const asset = assets.get(name);
    if (asset === undefined) throw new Problem('not-found', `There is no file ${name}.`);
    // Names carry a hash of what is in them.
    return reply
      .type(asset.type)
      .header('cache-control', 'public, max-age=31536000, immutable')
      .send(asset.bytes);
  });
  const html = await readFile(path.join(folder, 'index.html'));
  for (const page of pages) {
    api.get(page, { schema: { hide: true } }, (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', policy)
        .header('cache-control', 'no-cache')
        .send(html),
    );
  }
}

type Asset = { readonly type: string; readonly bytes: Buffer };

/** The files of a folder, by name. They are some hundred kilobytes; read for each request, every request would hold a file open. */
async function readFolder(folder: string): Promise<ReadonlyMap<string, Asset>> {
  const names = await readdir(folder);
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[string, Asset]> => [
        name,
        {
          type: types[path.extname(name)] ?? 'application/octet-stream',
          bytes: await readFile(path.join(folder, name)),
        },
      ]),
    ),
  );
}
