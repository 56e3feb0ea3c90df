// One direction of imports: domain <- sources, sync, db, query <- delivery <- compose <- bin.
// Only compose/ knows every part. See docs/decisions.md.
const folder = (name) => `^src/${name}/`;
const only = (name, from, to) => ({ name, severity: 'error', from, to });
const owned = (owner, packages) =>
  only(
    `only-${owner}-uses-${packages[0].replaceAll('/', '-')}`,
    { path: '^src/', pathNot: folder(owner) },
    { path: `node_modules/(${packages.join('|')})/` },
  );

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    only('no-circles', {}, { circular: true }),
    only('no-unresolvable', {}, { couldNotResolve: true, pathNot: 'generated' }),
    only(
      'no-undeclared-package',
      { path: '^src/', pathNot: folder('dashboard') },
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    ),
    only('domain-imports-nothing', { path: folder('domain') }, { pathNot: folder('domain') }),
    only(
      // Of the sources only what any of them can do.
      'sync-knows-db-and-the-contract-of-sources',
      { path: folder('sync') },
      { path: '^src/', pathNot: '^src/((sync|db|domain)/|sources/source[.]ts$)' },
    ),
    only(
      'sources-know-only-domain',
      { path: folder('sources') },
      { path: '^src/', pathNot: '^src/(sources|domain)/' },
    ),
    only(
      'db-knows-only-domain',
      { path: folder('db') },
      { path: '^src/', pathNot: '^src/(db|embedded-postgres|domain)/' },
    ),
    only(
      'query-knows-only-domain',
      { path: folder('query') },
      { path: '^src/', pathNot: '^src/(query|domain)/|^src/db/(open-pool|statements)' },
    ),
    only(
      'export-knows-only-query',
      { path: folder('export') },
      { path: '^src/', pathNot: '^src/(export|query)/' },
    ),
    only(
      'report-knows-query-and-export',
      { path: folder('report') },
      { path: '^src/', pathNot: '^src/(report|query|export)/' },
    ),
    // Writer and reader of the same XML must not share a mistake.
    only(
      'simulator-stands-alone',
      { path: folder('simulator') },
      { path: '^src/', pathNot: folder('simulator') },
    ),
    only(
      'config-stands-alone',
      { path: folder('config') },
      { path: '^src/', pathNot: '^src/(config|domain)/' },
    ),
    only(
      'delivery-does-not-compose',
      { path: '^src/(cli|queue|api)/' },
      { path: '^src/(bin|sources|simulator|compose)/' },
    ),
    only(
      'dashboard-stands-alone',
      { path: folder('dashboard') },
      { path: '^src/', pathNot: folder('dashboard') },
    ),
    only(
      'dashboard-is-known-by-none',
      { path: '^src/', pathNot: folder('dashboard') },
      { path: folder('dashboard') },
    ),
    only('only-bin-starts', { path: '^src/', pathNot: '^src/bin/' }, { path: '^src/bin/' }),
    only(
      'only-bin-composes',
      { path: '^src/', pathNot: folder('(bin|compose)') },
      { path: folder('compose') },
    ),
    only('src-never-tests', { path: '^src/' }, { path: '^test/' }),
    owned('sources', ['undici', 'fast-xml-parser', 'fast-xml-validator']),
    owned('db', ['@prisma', 'prisma']),
    owned('(db|query|embedded-postgres)', ['pg']),
    owned('embedded-postgres', ['@embedded-postgres']),
    owned('queue', ['bullmq', 'bullmq-otel', 'ioredis']),
    owned('api', ['fastify', '@fastify']),
    owned('export', ['hyparquet-writer', '@zip.js']),
    owned('(config|queue)', ['zod']),
    owned('metrics', ['prom-client']),
    owned('dashboard', ['preact', 'preact-iso', '@tanstack', 'uplot', 'vite', 'openapi-typescript']),
  ],
  options: {
    doNotFollow: { path: ['node_modules', 'src/db/generated', 'src/dashboard/generated'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
