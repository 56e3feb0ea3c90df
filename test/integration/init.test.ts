import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { startCli, type CliResult } from '../support/run-cli.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { startTlsFront, type TlsFront } from '../support/tls-front.ts';

// Everything that .env could spoil: `$`, `#`, quotes, a backslash, blanks, letters beyond ASCII.
const username = 'CORP\\lesér';
const password = ` p$HOME #'"ß\\n `;

let em: Simulator;
let front: TlsFront;
let database: TestDatabase;
let cwd: string;

beforeAll(async () => {
  em = await startSimulator({ sessions: 200, frozen: true, username, password });
  front = await startTlsFront(em.url);
  database = await createTestDatabase({ empty: true });
});
afterAll(async () => {
  await front.close();
  await em.close();
  await database.drop();
});
beforeEach(() => {
  cwd = makeTemporaryFolder('init').path;
});

/** Runs `init` with these lines on its standard input. */
async function init(
  lines: readonly string[],
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  const { process: child, ended } = startCli(['init', ...args], environment, { cwd, hasInput: true });
  child.stdin?.end(lines.map((line) => `${line}\n`).join(''));
  return ended;
}

const dotEnv = () => parseEnv(readFileSync(path.join(cwd, '.env'), 'utf8'));

it('asks, pins the certificate on yes, writes what is read back as it was, and checks it', async () => {
  const { code, stdout, stderr } = await init([front.url, 'yes', username, password, database.url]);
  expect(stderr).toContain(`SHA-256  ${front.sha256}`);
  expect(dotEnv()).toEqual({
    EM_URL: front.url,
    EM_CERT_SHA256: front.sha256,
    EM_USERNAME: username,
    EM_PASSWORD: password,
    DATABASE_URL: database.url,
  });
  if (process.platform !== 'win32') expect(statSync(path.join(cwd, '.env')).mode & 0o777).toBe(0o600);
  expect(readdirSync(cwd)).toEqual(['.env']);
  expect(stdout).toMatch(
    /✓ \.env is written\n✓ configuration: 1 source\n✓ database.*✓ logon: "CORP\\lesér" is accepted.*Next\n.*session-history sync/s,
  );
  expect(stdout).toMatch(
    /✓ windows: .*✓ reach: \/query goes back to .* \(\d+ days\).*! event history: .*13 weeks.*! until loss: never read whole/s,
  );
  expect(stdout + stderr).not.toContain(password.trim());
  expect(code).toBe(0);
});

it('asks for nothing that flags and the environment say', async () => {
  writeFileSync(path.join(cwd, 'secret'), `${password}\n`);
  const { code, stderr } = await init(
    [],
    ['--url', front.url, '--password-file', 'secret', '--pin', '--database', database.url, '--no-check'],
    { EM_USERNAME: username },
  );
  expect(stderr).not.toContain('Account');
  expect(dotEnv()).toEqual({
    EM_URL: front.url,
    EM_CERT_SHA256: front.sha256,
    EM_USERNAME: username,
    EM_PASSWORD_FILE: 'secret',
    DATABASE_URL: database.url,
  });
  expect(code).toBe(0);
});

it.each([
  ['the input ends', [], [], /input ends before "Address.*--url or EM_URL/],
  ['the certificate is not the right one', ['n', ''], ['--url'], /Nothing was written.*--cert-sha256/],
  [
    'another certificate was to be pinned',
    [],
    ['--cert-sha256', 'ab'.repeat(32), '--url'],
    /another certificate/,
  ],
  ['the address is none', ['ftp://em'], [], /EM_URL="ftp:\/\/em" is no https/],
  ['the password would go unencrypted', [], ['--url', 'http://em.example.com'], /unencrypted.*--allow-http/],
])('writes nothing when %s', async (_, lines, args, message) => {
  const all = args.at(-1) === '--url' ? [...args, front.url] : args;
  const { code, stderr } = await init(lines, all);
  expect(stderr).toMatch(message);
  expect(readdirSync(cwd)).toEqual([]);
  expect(code).toBe(2);
});

it('leaves nothing when it is stopped half way', async () => {
  const { process: child, ended } = startCli(
    ['init', '--url', front.url, '--pin'],
    {},
    { cwd, hasInput: true },
  );
  let said = '';
  child.stderr?.on('data', (text: string) => (said += text));
  await expect.poll(() => said, { timeout: 30_000 }).toContain('Account');
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  expect(stderr).toMatch(/Stopped\. Nothing was written\./);
  expect(readdirSync(cwd)).toEqual([]);
  // Windows knows no signals: there it is killed.
  if (process.platform !== 'win32') expect(code).toBe(1);
});

it('replaces nothing unasked, and keeps what it does replace', async () => {
  const before = 'EM_URL=https://old:9398\nAPI_PORT=8081\n';
  writeFileSync(path.join(cwd, '.env'), before);
  const args = ['--url', em.url, '--username', username, '--database', 'embedded', '--no-check'];
  const refused = await init([password], args);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--force') as string]);
  expect(readFileSync(path.join(cwd, '.env'), 'utf8')).toBe(before);

  const forced = await init([password], [...args, '--force']);
  expect(forced.code).toBe(0);
  expect(dotEnv()).toEqual({
    EM_URL: em.url,
    EM_USERNAME: username,
    EM_PASSWORD: password,
    API_PORT: '8081',
  });
  const [old = ''] = readdirSync(cwd).filter((name) => name.endsWith('.old'));
  expect(readFileSync(path.join(cwd, old), 'utf8')).toBe(before);
});

it('says so where .env is a folder', async () => {
  mkdirSync(path.join(cwd, '.env'));
  const { code, stderr } = await init([]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('is a folder') as string]);
});
