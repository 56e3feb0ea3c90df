import { defineConfig } from 'prisma/config';

// `prisma generate` needs no schema engine, but refuses to start before it has found (or downloaded) one. Any
// existing file satisfies it, which keeps installation working on closed networks. Migrations are applied by
// the WebAssembly build of the same engine, see src/db/migrate.ts.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath;

export default defineConfig({ schema: 'prisma/schema.prisma', migrations: { path: 'prisma/migrations' } });
