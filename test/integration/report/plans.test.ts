import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, it } from 'vitest';
import { holdForRun, type HeldRun } from '../../../src/db/hold-source.ts';
import { openDatabase } from '../../../src/db/open-database.ts';
import { upsertSessions } from '../../../src/db/upsert-sessions.ts';
import { writeBatch } from '../../../src/db/write-batch.ts';
import { batchOf } from '../../support/batch-of.ts';
import { timestampFromDate } from '../../../src/domain/timestamp.ts';
import { createTestDatabase } from '../../support/test-database.ts';

const start = Date.UTC(2026, 0, 1);

/** Every seventh is a retry, a hundred jobs take turns. */
const row = (number: number) => ({
  fingerprint: randomUUID(),
  computer: `pc ${number % 100}`,
  session: {
    id: randomUUID(),
    name: 'session',
    kind: 'computer' as const,
    jobType: 'AgentManagement',
    jobId: `00000000-0000-4000-8000-${String(number % 100).padStart(12, '0')}`,
    jobName: 'job',
    parentId: null,
    serverId: null,
    serverName: null,
    state: 'Stopped',
    result: 'Success',
    isRetry: number % 7 === 0,
    createdAt: timestampFromDate(new Date(start + number * 60_000)),
    endedAt: timestampFromDate(new Date(start + number * 60_000 + 30_000)),
    progress: 100,
    failureMessage: null,
    extra: null,
  },
});

it.each([
  ['in tables that look empty, as they do in a first sync', 0],
  ['of a source that the statistics of others say nothing of', 2],
])('reads no more for a batch the more is stored %s', async (_, others) => {
  const test = await createTestDatabase();
  const database = openDatabase(test.url, { poolSize: 1 });
  try {
    // So that nothing learns in between what the planner cannot know in a first sync.
    const tables = await test.query<{ name: string }>(
      `select coalesce(part.relid, wanted)::regclass::text as name
       from unnest('{sessions,jobs,computers,session_names,task_backlog}'::regclass[]) as wanted
       left join lateral pg_partition_tree(wanted) as part on true
       where coalesce(part.isleaf, true)`,
    );
    for (const { name } of tables) await test.query(`alter table ${name} set (autovacuum_enabled = off)`);
    const hold = async (name: string) => {
      const held = await holdForRun(database, { name, url: 'https://em', tasks: 'all' }, 'cli');
      if (held === undefined) throw new Error('the source is taken');
      return held;
    };
    const writeRows = (held: HeldRun, batch: number) => {
      const whole = Array.from({ length: 500 }, (_, index) => row(batch * 500 + index));
      return held.write((write) => writeBatch(write, batchOf({ whole }), { tasks: 'all', parser: 1 }));
    };
    for (let other = 0; other < others; other += 1) {
      const held = await hold(`other ${other}`);
      for (let batch = 0; batch < 4; batch += 1) await writeRows(held, batch);
      await held.release();
    }
    if (others > 0) await test.query('analyze');
    const held = await hold('em');
    const readSoFar = async () => {
      await database.pool.query('select pg_stat_force_next_flush()');
      const [counted] = await test.query<{ read: number }>(
        `select (sum(seq_tup_read) + sum(idx_tup_fetch))::integer as read from pg_stat_user_tables`,
      );
      return counted?.read ?? 0;
    };
    const costs: number[] = [];
    for (let batch = 0; batch < 8; batch += 1) {
      const before = await readSoFar();
      await writeRows(held, batch);
      costs.push((await readSoFar()) - before);
    }
    // The first ones have fewer neighbours to look at.
    expect(costs.at(-1)).toBeLessThan(2 * Math.max(...costs.slice(2, 4)));
    await held.release();
  } finally {
    await database.close();
    await test.drop();
  }
});

it('compares no written session with each that was known before', async () => {
  const test = await createTestDatabase();
  const database = openDatabase(test.url, { poolSize: 1 });
  try {
    const held = await holdForRun(database, { name: 'em', url: 'https://em', tasks: 'all' }, 'cli');
    if (held === undefined) throw new Error('the source is taken');
    const { whole } = batchOf({ whole: [row(1)] });
    let plan = '';
    await held.write(async (write) => {
      const explain = async (statement: string, ...values: readonly unknown[]) => {
        plan = JSON.stringify(
          await write.tx.$queryRawUnsafe(`explain (format json) ${statement}`, ...values),
        );
        return [];
      };
      await upsertSessions(
        { ...write, tx: { $queryRawUnsafe: explain } as unknown as typeof write.tx },
        'whole',
        whole,
      );
    });
    expect(plan).toContain('CTE before');
    // Look-ups by a key have an index condition; rows of one batch beside each other have only this.
    expect(plan).not.toContain('Join Filter');
    await held.release();
  } finally {
    await database.close();
    await test.drop();
  }
});

it('report.jobs looks at the newest sessions of each job, however many its source has', async () => {
  const test = await createTestDatabase();
  try {
    await test.query(
      `insert into sources (name, url) select 'em ' || n, 'https://em' from generate_series(1, 8) as n`,
    );
    await test.query(`
      insert into jobs (source_id, job_id, job_name, kind)
      select source.id, md5(source.id || '/' || job)::uuid, 'job ' || job, 'job'
      from sources as source, generate_series(1, 10) as job`);
    await test.query(`
      insert into sessions (source_id, session_id, session_name, kind, job_id, job_name, state, result, is_retry, created_at, ended_at)
      select job.source_id, md5(job.job_id || '/' || day)::uuid, 'session', 'job', job.job_id, job.job_name, 'Stopped', 'Success', false,
        now() - make_interval(days => day), now() - make_interval(days => day) + interval '1 hour'
      from jobs as job, generate_series(1, 500) as day`);
    await test.query('analyze');
    const reader = new pg.Client({ connectionString: test.url });
    await reader.connect();
    const readSoFar = async () => {
      await reader.query('select pg_stat_force_next_flush()');
      const { rows } = await reader.query<{ read: number }>(
        `select sum(idx_tup_read)::integer as read from pg_stat_user_indexes`,
      );
      return rows[0]?.read ?? 0;
    };
    const before = await readSoFar();
    await reader.query('select job_id, last_success_at, success_rate_30d from report.jobs');
    expect((await readSoFar()) - before).toBeLessThan(40_000);
    await reader.end();
  } finally {
    await test.drop();
  }
});
