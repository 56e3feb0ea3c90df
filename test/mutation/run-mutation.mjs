// Changes the code of the pure parts in a thousand small ways, one at a time, and looks whether a unit test notices.
//   npm run test:mutation [-- --mutate src/domain/label.ts]
// Stryker is 134 packages that nothing else needs: they are put beside the others without being noted in package.json.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const version = '9.6.1';

if (!existsSync(`${root}node_modules/@stryker-mutator/vitest-runner`)) {
  const packages = [`@stryker-mutator/core@${version}`, `@stryker-mutator/vitest-runner@${version}`];
  run('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', ...packages]);
}
run('npx', ['stryker', 'run', 'test/mutation/stryker.config.json', ...process.argv.slice(2)]);

function run(command, args) {
  // One string for a shell on Windows, where npm and npx are batch files.
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}
