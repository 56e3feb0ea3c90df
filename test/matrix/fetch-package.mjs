import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

/** npm as a program: on Windows it is a batch file, which only a shell starts. */
const npm = (args, cwd) =>
  execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** The newest version of an npm package within a range such as `20.19` or `14`, without a range's own syntax. */
export function newestVersion(name, range) {
  const versions = [JSON.parse(npm(['view', name, 'versions', '--json'], process.cwd()))].flat();
  const wanted = range.split('.');
  const numbers = (version) => version.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0);
  const fitting = versions
    .filter((version) => wanted.every((part, index) => version.split('.')[index] === part))
    .sort((a, b) => {
      const [one, two] = [numbers(a), numbers(b)];
      const index = one.findIndex((part, at) => part !== two[at]);
      return index === -1 ? a.localeCompare(b, 'en', { numeric: true }) : one[index] - (two[index] ?? 0);
    });
  if (fitting.length === 0) throw new Error(`npm has no ${name} ${range}.`);
  return fitting.at(-1);
}

/** The folder with that package, fetched from npm unless it is there already. None of its scripts are run. */
export function fetchPackage(name, version, folder) {
  const home = path.join(folder, `${name.replace('/', '-')}-${version}`);
  if (existsSync(home)) return home;
  const unfinished = `${home}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  npm(['pack', '--silent', `${name}@${version}`], unfinished);
  const [tarball] = readdirSync(unfinished);
  execFileSync('tar', ['-xzf', tarball], { cwd: unfinished });
  renameSync(path.join(unfinished, 'package'), home);
  rmSync(unfinished, { recursive: true, force: true });
  return home;
}
