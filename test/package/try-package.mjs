// Packs the built program, installs the tarball as a newcomer would - into a folder with blanks and umlauts, by npm and with no
// other packages than those it names - and runs the demo there: without HOME, under an account that owns nothing of it.
//   npm run test:package [-- --offline]    --offline: from npm's cache alone
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const isWindows = process.platform === 'win32';
const isRoot = process.getuid?.() === 0;
/** The account of nobody, where this one may become another. */
const stranger = isRoot ? { uid: 65_534, gid: 65_534 } : {};

const top = mkdtempSync(path.join(tmpdir(), 'session-history-package-'));
try {
  // A folder that others may enter, and one that the stranger may write.
  chmodSync(top, 0o755);
  const place = path.join(top, 'Übung mit Leerzeichen');
  const work = path.join(top, 'Aktueller Ordner ß');
  for (const folder of [place, work]) mkdirSync(folder);
  chmodSync(work, 0o777);

  npm(['pack', '--ignore-scripts', '--pack-destination', top], root);
  const tarball = readdirSync(top).find((name) => name.endsWith('.tgz'));
  assert.ok(tarball, 'npm pack made no tarball');
  const cache = process.argv.includes('--offline') ? '--offline' : '--prefer-offline';
  npm(
    ['install', '--global', '--prefix', place, cache, '--no-audit', '--no-fund', path.join(top, tarball)],
    top,
  );

  const installed = path.join(place, isWindows ? '' : 'lib', 'node_modules', 'veeam-session-history');
  const program = path.join(installed, 'dist', 'bin', 'session-history.js');
  const version = run(['--version']);
  assert.match(version, /^\d+\.\d+\.\d+/);
  const demo = run(['demo', '--once']);
  assert.match(demo, /✓ sync succeeded.*0 missing.*Which computers failed most/s);
  assert.deepEqual(readdirSync(work), [], 'the demo left something in the folder it was started in');
  console.log(`${tarball}: installed into "${place}", version ${version.trim()}, and the demo ran there`);

  /** As a user without a home: what npm's link of the command starts, by the Node of this script. */
  function run(args) {
    const { PATH, SystemRoot, TEMP } = process.env;
    const env = isWindows ? { PATH, SystemRoot, TEMP } : { PATH };
    const { status, stdout, stderr, error } = spawnSync(process.execPath, [program, ...args], {
      cwd: work,
      env,
      encoding: 'utf8',
      timeout: 300_000,
      ...stranger,
    });
    assert.equal(status, 0, `${args.join(' ')} ended with ${status}: ${error ?? ''}${stdout}${stderr}`);
    return stdout;
  }
} finally {
  rmSync(top, { recursive: true, force: true, maxRetries: 5 });
}

function npm(args, cwd) {
  // On Windows npm is a batch file, which only a shell starts; a shell wants its words quoted.
  const words = isWindows ? args.map((word) => `"${word}"`) : args;
  const { status, stdout, stderr } = spawnSync('npm', words, { cwd, shell: isWindows, encoding: 'utf8' });
  assert.equal(status, 0, `npm ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
}
