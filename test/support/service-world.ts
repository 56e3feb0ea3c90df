import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { startRedis, type TestRedis } from './start-redis.ts';
import { startService, type RunningService } from './start-service.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** The shortest interval there is. */
export const intervalMinutes = 0.05;
export const patience = { timeout: 60_000, interval: 50 };

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
/** Done after the test, the last first. */
export function later(cleanUp: () => Promise<unknown>): void {
  cleanUps.push(cleanUp);
}

export async function database(): Promise<TestDatabase> {
  const made = await createTestDatabase();
  later(() => made.drop());
  return made;
}

export async function simulator(sessions: number): Promise<Simulator> {
  const em = await startSimulator({ sessions, frozen: true });
  later(() => em.close());
  return em;
}

export function service(...args: Parameters<typeof startService>): RunningService {
  const started = startService(...args);
  later(async () => {
    if (started.process.exitCode === null) await started.stop('SIGKILL');
  });
  return started;
}

export function sourcesFile(
  sources: readonly { readonly name: string; readonly url: string; readonly password?: string }[],
): string {
  const file = path.join(makeTemporaryFolder('sources').path, 'sources.json');
  writeFileSync(
    file,
    JSON.stringify(sources.map((source) => ({ username: 'demo', password: 'demo', ...source }))),
  );
  return file;
}

export const countRuns = async (db: TestDatabase, where = 'true') =>
  (await db.query<{ runs: number }>(`select count(*)::int as runs from report.sync_runs where ${where}`))[0]
    ?.runs ?? 0;

export async function backend(kind: 'postgresql' | 'redis') {
  let redis: TestRedis | undefined;
  if (kind === 'redis') {
    redis = await startRedis();
    later(() => redis?.stop() ?? Promise.resolve());
  }
  return { redis, environment: redis === undefined ? {} : { REDIS_URL: redis.url } };
}
