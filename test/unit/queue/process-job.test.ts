import { expect, it } from 'vitest';
import type { SourceConfig } from '../../../src/config/config.ts';
import type { SourceProgress } from '../../../src/domain/source-progress.ts';
import { processJobs, type WorkPorts } from '../../../src/queue/process-job.ts';
import { hashCredentials } from '../../../src/queue/refused-credentials.ts';

const source: SourceConfig = {
  name: 'em',
  url: 'http://127.0.0.1',
  username: 'reader',
  password: 'wrong',
  tls: {},
  allowHttp: true,
  list: 'auto',
  tasks: 'all',
  concurrency: 1,
  batch: 'off',
  fullEvery: 'auto',
};

async function refusedJustNow(): Promise<SourceProgress> {
  return {
    source: 'em',
    intervalMs: 900_000,
    lastFinishedAt: Date.now(),
    lastStatus: 'failed',
    lastErrorKind: 'unauthorized',
    lastListed: 0,
    lastMissing: 0,
    failuresInARow: 1,
    lastSuccessStartedAt: null,
    lastSuccessAt: null,
    lastCollectedAt: null,
    refusedCredentials: await hashCredentials(source),
    hasDueTasks: true,
    hasBackfill: true,
    unreadableHoles: 0,
    unfetchedHoles: 0,
    tasksHoles: 0,
    gapHoles: 0,
    uncoveredSeconds: 0,
  };
}

it('does not log on with a password that was refused just now, whatever is put into the queue', async () => {
  const progress = await refusedJustNow();
  const asked: string[] = [];
  const ask = (what: string) => () => {
    asked.push(what);
    return Promise.reject(new Error('it stops here'));
  };
  const ports: WorkPorts = {
    readProgress: () => Promise.resolve(progress),
    noteRefusedCredentials: ask('note'),
    syncSource: ask('sync'),
    drainTasks: ask('tasks'),
    continueBackfill: ask('backfill'),
    onRun: () => undefined,
  };
  const queues = { add: ask('add') };
  const process = processJobs([source], queues, ports);
  for (const job of [
    { name: 'sync', source: 'em', trigger: 'api' },
    { name: 'sync', source: 'em', trigger: 'schedule' },
    { name: 'tasks', source: 'em' },
    { name: 'backfill', source: 'em' },
    { name: 'sync', source: 'unknown', trigger: 'api' },
  ] as const)
    await process(job);
  expect(asked).toEqual([]);
  // Another password is tried at once.
  const changed = processJobs([{ ...source, password: 'right' }], queues, ports);
  await expect(changed({ name: 'sync', source: 'em', trigger: 'api' })).rejects.toThrow('it stops here');
  expect(asked).toEqual(['sync']);
});
