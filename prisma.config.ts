import { defineConfig } from 'prisma/config';

// `prisma generate` needs no schema engine, but refuses to start before it has found (or downloaded) one. Any
// existing file satisfies it, which keeps installation working on closed networks. Migrations are applied by
// src/db/migrate.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath;

export default defineConfig({ schema: 'prisma/schema.prisma', migrations: { path: 'prisma/migrations' } });
