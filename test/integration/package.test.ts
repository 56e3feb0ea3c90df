import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

type Packed = { readonly files: readonly { readonly path: string; readonly mode: number }[] };

// What `npm run test:package` then installs and runs; this much needs no network.
it('packs what the program runs on, and nothing else', () => {
  const isWindows = process.platform === 'win32';
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const [packed] = JSON.parse(
    execFileSync('npm', args, { cwd: root, encoding: 'utf8', shell: isWindows }),
  ) as Packed[];
  const paths = (packed?.files ?? []).map((file) => file.path);
  expect(paths).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'package.json',
      'dist/bin/session-history.js',
      'dist/dashboard/index.html',
      'prisma/migrations/1_tables/migration.sql',
      'prisma/upgrade-from-0.1/1_set_aside.sql',
    ]),
  );
  const allowed =
    /^(dist\/|prisma\/(migrations|upgrade-from-0\.1)\/|prisma\/schema\.prisma$)|^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/;
  expect(paths.filter((path) => !allowed.test(path))).toEqual([]);
  // Maps of bundles are as large as the rest together.
  expect(paths.filter((path) => path.endsWith('.map'))).toEqual([]);
});
