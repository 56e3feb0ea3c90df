import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { examineQueue } from '../../../src/compose/examine-queue.ts';
import { readConfig } from '../../../src/config/read-config.ts';
import { openHistory, type History } from '../../../src/db/open-history.ts';
import { examineRedis } from '../../../src/queue/examine-redis.ts';
import { startRedis, type TestRedis } from '../../support/start-redis.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let redis: TestRedis;
let db: TestDatabase;
let history: History;
beforeAll(async () => {
  redis = await startRedis();
  db = await createTestDatabase();
  history = await openHistory({ databaseUrl: db.url, dataDir: '' });
});
afterAll(async () => {
  await history.close();
  await db.drop();
  await redis.stop();
});

/** What `check` says of the queue, a line each. */
async function check(url: string): Promise<readonly string[]> {
  const config = readConfig({ REDIS_URL: url }, '/nowhere');
  const lines = [];
  for await (const { verdict, what } of examineQueue(config, history)) lines.push(`${verdict} ${what}`);
  return lines;
}

it('writes, and leaves nothing behind for long', async () => {
  expect(await examineRedis({ url: redis.url, caPem: undefined })).toMatchObject({
    unsupported: undefined,
    writeFailure: undefined,
  });
  expect(await check(redis.url)).toContainEqual(expect.stringMatching(/^good queue: in Redis/));
  await expect.poll(() => redis.client.exists('{session-history:check}'), { timeout: 10_000 }).toBe(0);
});

it('works with an account that may not ask what the server is', async () => {
  await redis.client.call(
    'acl',
    'setuser',
    'queue',
    'on',
    '>secret',
    '~{session-history:*',
    '+@all',
    '-info',
  );
  const lines = await check(redis.url.replace('//', '//queue:secret@'));
  expect(lines[0]).toMatch(/^good queue server: Redis \(this account may not run INFO/);
});

it('says so when the account may not write', async () => {
  await redis.client.call(
    'acl',
    'setuser',
    'reader',
    'on',
    '>secret',
    '~*',
    '+@read',
    '+@connection',
    '+info',
  );
  const lines = await check(redis.url.replace('//', '//reader:secret@'));
  expect(lines).toContainEqual(expect.stringMatching(/^bad queue server: it does not take a write: NOPERM/));
});

it('trusts the authority that it is given for rediss://, and no other', async () => {
  const pem = (name: string) =>
    readFileSync(new URL(`../../fixtures/tls/server.${name}`, import.meta.url), 'utf8');
  const target = Number(new URL(redis.url).port);
  const server = createTlsServer({ key: pem('key'), cert: pem('pem') }, (socket) => {
    const outer = connectTcp(target, '127.0.0.1');
    for (const one of [socket, outer]) one.on('error', () => undefined);
    socket.pipe(outer).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `rediss://localhost:${(server.address() as AddressInfo).port}`;
  try {
    expect((await examineRedis({ url, caPem: pem('pem') })).writeFailure).toBeUndefined();
    await expect(examineRedis({ url, caPem: undefined })).rejects.toThrow(/self-signed certificate/);
  } finally {
    server.close();
  }
});
