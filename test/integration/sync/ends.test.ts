import { tmpdir } from 'node:os';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { openSource } from '../../../src/compose/open-source.ts';
import { openQueuesOf } from '../../../src/compose/queues.ts';
import { startWorker } from '../../../src/compose/worker.ts';
import type { Config, SourceConfig } from '../../../src/config/config.ts';
import { readConfig } from '../../../src/config/read-config.ts';
import { holdForRun } from '../../../src/db/hold-source.ts';
import { openHistory, type History } from '../../../src/db/open-history.ts';
import { createMetrics } from '../../../src/metrics/create-metrics.ts';
import { openBatchWriter } from '../../../src/sync/batch-writer.ts';
import { rememberList } from '../../../src/sync/list-memory.ts';
import { readList } from '../../../src/sync/read-list.ts';
import { startTally } from '../../../src/sync/tally.ts';
import { entity, startEmDouble, type DoubleSession, type EmDouble } from '../../support/em-double.ts';
import { database as openDatabase, later } from '../../support/service-world.ts';
import type { TestDatabase } from '../../support/test-database.ts';

type World = {
  readonly em: EmDouble;
  readonly database: TestDatabase;
  readonly history: History;
  readonly config: Config;
  readonly source: SourceConfig;
};

async function openWorld(): Promise<World> {
  const em = await startEmDouble();
  later(() => em.close());
  const database = await openDatabase();
  const config = readConfig(
    {
      DATABASE_URL: database.url,
      EM_URL: em.url,
      EM_USERNAME: 'demo',
      EM_PASSWORD: 'demo',
      EM_NAME: 'em',
      SYNC_TASKS: 'none',
      SYNC_INTERVAL_MINUTES: '60',
    },
    tmpdir(),
  );
  const [source] = config.sources;
  if (source === undefined) throw new Error('no source');
  const history = await openHistory(config);
  later(() => history.close());
  return { em, database, history, config, source };
}

const session = (number: number): DoubleSession => ({
  id: `8ba90554-4cb0-4979-b4cc-${String(number).padStart(12, '0')}`,
  name: `daily@${number}`,
  jobId: '3f6a3b0e-0000-4000-8000-000000000001',
  jobName: 'daily',
  jobType: 'AgentManagement',
  serverId: '3f6a3b0e-0000-4000-8000-000000000002',
  serverName: 'vbr',
  created: new Date(Date.now() - 86_400_000 + number).toISOString(),
  ended: new Date(Date.now() - 80_000_000).toISOString(),
  state: 'Stopped',
  result: 'Success',
});

it('a run that takes too long is ended by the worker, and keeps what it has read', async () => {
  const { em, database, history, config } = await openWorld();
  // More than a batch, and then a blank now and again, for ever.
  const count = 2_600;
  em.intercept = (request, response) => {
    if (request.url?.startsWith('/api/agents/backupSessions') !== true) return false;
    response.writeHead(200, { 'Content-Type': 'application/xml' });
    const sessions = Array.from({ length: count }, (_, number) => entity(session(number)));
    response.write(`<BackupJobSessions xmlns="http://www.veeam.com/ent/v1.0">${sessions.join('\n')}`);
    const trickle = setInterval(() => response.write(' '.repeat(1_000) + '<!-- -->'), 10);
    response.once('close', () => {
      clearInterval(trickle);
    });
    return true;
  };
  const trouble: unknown[] = [];
  const onTrouble = (error: Error) => {
    trouble.push(error);
  };
  const queues = await openQueuesOf(config, history, onTrouble);
  const deadline = new AbortController();
  const stop = new AbortController();
  const worker = await startWorker({
    config,
    history,
    queues,
    log: pino({ level: 'silent' }),
    metrics: createMetrics('0'),
    trouble: () => onTrouble,
    signal: stop.signal,
    openDeadline: () => deadline.signal,
  });
  later(async () => {
    stop.abort();
    await worker.close();
    await queues.close();
  });
  const countStored = async () =>
    (await database.query<{ stored: number }>('select count(*)::int as stored from report.sessions'))[0]
      ?.stored;
  await expect.poll(countStored, { timeout: 30_000 }).toBeGreaterThan(0);
  deadline.abort();
  const runs = () =>
    database.query(
      'select status, error_kind, error_message from report.sync_runs where finished_at is not null',
    );
  await expect.poll(runs, { timeout: 30_000 }).toEqual([
    {
      status: 'failed',
      error_kind: 'transient',
      error_message: 'The run took too long and was ended; the next one goes on where it left off.',
    },
  ]);
  expect(await countStored()).toBe(count);
  expect(trouble).toEqual([]);
}, 90_000);

it('a list with too many records that cannot be read is refused, and what it had by then is kept', async () => {
  const { em, history, source, database } = await openWorld();
  em.sessions.push(session(1));
  const broken = (number: number) =>
    `<BackupJobSession Name="broken ${number}"><State>?</State></BackupJobSession>`;
  em.intercept = (request, response) => {
    if (request.url?.startsWith('/api/agents/backupSessions') !== true) return false;
    const records = Array.from({ length: 8 }, (_, number) => broken(number)).join('');
    response
      .writeHead(200, { 'Content-Type': 'application/xml' })
      .end(
        `<BackupJobSessions xmlns="http://www.veeam.com/ent/v1.0">${entity(session(1))}${records}</BackupJobSessions>`,
      );
    return true;
  };
  const held = await holdForRun(history, source, 'cli');
  if (held === undefined) throw new Error('the source is taken');
  const opened = await openSource(history, source, held.lost, () => undefined);
  try {
    await opened.logOn();
    const tally = startTally();
    const writer = openBatchWriter(held, tally, {
      size: 500,
      tasks: 'none',
      jobNames: new Set(),
      unfinished: new Set(),
      holes: new Set(),
      parser: opened.parser,
    });
    const reading = async (mostBroken: number) =>
      readList(await opened.list('entity', () => false), {
        source: opened,
        memory: rememberList(new Uint8Array()),
        writer,
        tally,
        unfinished: new Set(),
        paused: new Set(),
        asked: new Set(),
        onRecords: () => undefined,
        mostBroken,
      });
    await expect(reading(7)).rejects.toMatchObject({
      kind: 'contract',
      message: 'The list has more than 7 records that cannot be read.',
    });
    expect(await database.query('select count(*)::int as sessions from report.sessions')).toEqual([
      { sessions: 1 },
    ]);
    await reading(8);
    expect(tally.unidentified.size).toBe(8);
  } finally {
    await opened.close();
    await held.release();
  }
});
