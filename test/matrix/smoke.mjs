import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../dist/bin/session-history.js', import.meta.url));

/**
 * One way through the built program with that Node, on an empty database: migrate, sync twice, status, export, the service and a
 * question to it. Throws what does not hold.
 */
export async function smoke({ node, databaseUrl, folder }) {
  const start = (args, environment = {}) => {
    const child = spawn(node, [program, ...args], {
      cwd: folder,
      // Windows programs do not run without SystemRoot.
      env: {
        PATH: process.env.PATH,
        SystemRoot: process.env.SystemRoot,
        DATABASE_URL: databaseUrl,
        LOG_LEVEL: 'warn',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'])
      child[name].setEncoding('utf8').on('data', (text) => (said[name] += text));
    return { child, said, ended: once(child, 'close').then(([code]) => code) };
  };
  const run = async (args, environment) => {
    const { said, ended } = start(args, environment);
    const code = await ended;
    assert.equal(code, 0, `${args.join(' ')} ended with ${code}: ${said.stdout}${said.stderr}`);
    return said.stdout;
  };
  const simulator = start(['simulate', '--port', '0', '--sessions', '300']);
  try {
    const url = await firstMatch(simulator, /http:\/\/127\.0\.0\.1:\d+/);
    const em = { EM_URL: url, EM_USERNAME: 'demo', EM_PASSWORD: 'demo', EM_NAME: 'hq' };
    await run(['migrate']);
    const first = JSON.parse(await run(['sync', '--json'], em));
    assert.deepEqual([first.status, first.missing, first.new > 0], ['succeeded', 0, true]);
    const second = JSON.parse(await run(['sync', '--json'], em));
    assert.deepEqual([second.status, second.missing], ['succeeded', 0]);
    const status = JSON.parse(await run(['status', '--json']));
    assert.deepEqual([status.source, status.lastStatus], ['hq', 'succeeded']);
    const rows = (await run(['export', '--format', 'csv'])).trim().split('\n').length - 1;
    assert.equal(rows, first.new + second.new);

    const service = start(['serve'], {
      ...em,
      API_PORT: '0',
      LOG_LEVEL: 'info',
      SYNC_INTERVAL_MINUTES: '60',
    });
    try {
      const address = await firstMatch(service, /http:\/\/127\.0\.0\.1:\d+/);
      const answer = await untilReady(`${address}/api/v1/sessions?limit=5`, service);
      assert.equal((await answer.json()).data.length, 5);
    } finally {
      service.child.kill('SIGTERM');
      const code = await service.ended;
      if (process.platform !== 'win32') assert.equal(code, 0, service.said.stderr);
    }
    return { sessions: rows };
  } finally {
    simulator.child.kill('SIGTERM');
    await simulator.ended;
  }
}

/** The first match in what a process says, on either of its outputs. */
async function firstMatch({ child, said }, pattern) {
  for (;;) {
    const match = pattern.exec(`${said.stdout}${said.stderr}`);
    if (match) return match[0];
    if (child.exitCode !== null) throw new Error(`It ended: ${said.stdout}${said.stderr}`);
    await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), once(child, 'close')]);
  }
}

/** The answer, asked for again while the service waits for its database. */
async function untilReady(url, { child, said }) {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return answer;
    if (child.exitCode !== null) throw new Error(`It ended: ${said.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
