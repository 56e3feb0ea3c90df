import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// What npm runs after installing in a clone. Without the development packages nothing can be built: then what was built before, or
// elsewhere, has to be there.
const root = fileURLToPath(new URL('..', import.meta.url));
const has = (file) => existsSync(new URL(`../${file}`, import.meta.url));
if (has('node_modules/typescript/package.json') && has('node_modules/vite/package.json')) {
  // One string: on Windows npm is a batch file, which only a shell starts.
  const { status } = spawnSync('npm run build', { cwd: root, shell: true, stdio: 'inherit' });
  process.exitCode = status ?? 1;
} else if (!has('dist/bin/session-history.js')) {
  console.warn(
    'session-history is not built: the development packages are left out (--omit=dev), and there is no dist/ yet.\n' +
      'Run `npm ci`, then `npm prune --omit=dev`; or copy dist/ from a machine that built this version.',
  );
}
