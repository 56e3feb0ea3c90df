import { afterEach, expect, it, vi } from 'vitest';
import { analyzeParents } from '../../src/db/analyze-parents.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { migrateDatabase } from '../../src/db/migrate/migrate-database.ts';
import { readMigrations } from '../../src/db/migrate/read-migrations.ts';
import { partitionHistory, type PartitionMoment } from '../../src/db/partition/partition-history.ts';
import { readShape } from '../../src/db/read-shape.ts';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { readCatalog } from '../support/read-catalog.ts';
import { readHistory } from '../support/read-history.ts';
import { startCli } from '../support/run-cli.ts';
import { runHere } from '../support/run-here.ts';
import { addSessions, minuteMicros, microsNow, smallWorld } from '../support/small-world.ts';
import { sourcesFile } from '../support/service-world.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

vi.setConfig({ testTimeout: 300_000 });

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

type World = {
  readonly em: Simulator;
  readonly database: TestDatabase;
  readonly environment: Readonly<Record<string, string>>;
  /** Reads one source, or all. */
  sync(source?: string): Promise<void>;
  /** Splits the history; `isEnd` ends the process's connection at a moment, as a kill would. False: it was split so already. */
  partition(partitions: number, isEnd?: (moment: PartitionMoment) => boolean): Promise<boolean>;
  partitions(): Promise<number>;
};

/** One Enterprise Manager read as three sources. */
async function openWorld(): Promise<World> {
  const em = await startSimulator({ world: smallWorld(), frozen: true, seed: 5 });
  cleanUps.push(() => em.close());
  const database = await createTestDatabase({ empty: true });
  cleanUps.push(() => database.drop());
  await migrateDatabase(database.url);
  const environment = {
    SOURCES_FILE: sourcesFile(['a', 'b', 'c'].map((name) => ({ name, url: em.url }))),
    DATABASE_URL: database.url,
  };
  return {
    em,
    database,
    environment,
    sync: async (source) => {
      const only = source === undefined ? [] : ['--source', source];
      const { code, stderr, stdout } = await runHere(['sync', '--full', ...only], environment);
      expect(code, stdout + stderr).toBe(0);
    },
    partition: async (partitions, isEnd = () => false) => {
      const opened = openDatabase(database.url, { poolSize: 1 });
      try {
        return await partitionHistory(opened, {
          partitions,
          stepRows: 40,
          signal: new AbortController().signal,
          onMoment: async (moment) => {
            if (!isEnd(moment)) return;
            await database.query(
              `select pg_terminate_backend(pid, 10000) from pg_stat_activity
               where datname = current_database() and application_name = 'session-history partition'`,
            );
          },
        });
      } finally {
        await opened.close();
      }
    },
    partitions: async () => {
      const opened = openDatabase(database.url, { poolSize: 1 });
      try {
        return (await readShape(opened.pool)).partitions;
      } finally {
        await opened.close();
      }
    },
  };
}

/** The `count`th moment of that kind. */
function nth(kind: PartitionMoment['kind'], count: number): (moment: PartitionMoment) => boolean {
  let seen = 0;
  return (moment) => moment.kind === kind && ++seen === count;
}

it('splits an empty history, which then is read into as any other', async () => {
  const { database, environment, sync } = await openWorld();
  const split = await runHere(['migrate', '--partition', '4'], environment);
  expect(split.code, split.stderr).toBe(0);
  expect(split.stdout).toContain('4 partitions each, by source now');
  const countScans = async () =>
    new Map(
      (
        await database.query<{ table: string; scans: number }>(
          `select relname as table, (seq_scan + coalesce(idx_scan, 0))::int as scans
           from pg_stat_user_tables where relname ~ '_p[0-3]$'`,
        )
      ).map(({ table, scans }) => [table, scans]),
    );
  const before = await countScans();
  await sync('a');
  await sync('a');
  const after = await countScans();
  const touched = [...after].flatMap(([table, scans]) => (scans > (before.get(table) ?? 0) ? table : []));
  // A sync reads and writes the partitions of its source, and no other.
  expect(touched.filter((table) => table.startsWith('sessions'))).toHaveLength(1);
  expect(touched.filter((table) => !table.startsWith('sessions')).length).toBeLessThanOrEqual(2);
  await sync();
  const rows = await database.query<{ table: string; source: number }>(
    'select tableoid::regclass::text as table, source_id as source from sessions group by 1, 2',
  );
  expect(rows).toHaveLength(3);
  expect(rows.every(({ table }) => /^sessions_p[0-3]$/.test(table))).toBe(true);
  const again = await runHere(['migrate', '--partition', '4'], environment);
  expect(again.stdout).toContain('4 partitions each, by source already');
  const check = await runHere(['check'], environment);
  expect(check.stdout).toContain('4 partitions each, by hash of their source');
  expect((await runHere(['status'], environment)).stdout).toContain('4 partitions each');
});

it('loses nothing, wherever it is killed and whatever is read in between, and goes back again', async () => {
  const { em, database, environment, sync, partition, partitions } = await openWorld();
  // PostgreSQL reads its own text of a view with other names for columns that have none: views are compared by their rows.
  const describe = async () => (await readCatalog(database)).filter((line) => !line.startsWith('view '));
  const catalog = await describe();
  await sync();
  const moments: readonly ((moment: PartitionMoment) => boolean)[] = [
    nth('copied', 1),
    // In the middle of another source.
    nth('copied', 9),
    nth('indexing', 3),
    nth('held', 2),
    nth('analyzing', 1),
    nth('replaced', 1),
  ];
  for (const [number, isEnd] of moments.entries()) {
    await expect(partition(4, isEnd)).rejects.toMatchObject({ kind: 'transient' });
    expect(await partitions()).toBe(1);
    // New sessions, and corrections of those that were copied already.
    const [corrected] = addSessions(em, 30, microsNow(em) - (number + 1) * 50 * minuteMicros, minuteMicros);
    if (number % 2 === 0) await sync(number % 4 === 0 ? 'b' : undefined);
    if (corrected !== undefined)
      em.upheavals.change(corrected.id, { result: 'Failed', reason: 'Corrected.', isRetry: true });
    if (number % 3 === 0) await sync();
  }
  const before = await readHistory(database);
  expect(before.filter((row) => row.startsWith('report.sessions ')).length).toBeGreaterThan(500);
  expect(await partition(4)).toBe(true);
  expect(await partitions()).toBe(4);
  expect(await readHistory(database)).toEqual(before);
  // What was copied while it was changed is right too: the next reading finds nothing to repair.
  await sync();
  const { stdout, code } = await runHere(['migrate', '--rebuild'], environment);
  expect(code, stdout).toBe(0);

  const later = await readHistory(database);
  expect(await partition(3)).toBe(true);
  expect(await partitions()).toBe(3);
  expect(await readHistory(database)).toEqual(later);
  expect(await partition(1)).toBe(true);
  expect(await readHistory(database)).toEqual(later);
  expect(await describe()).toEqual(catalog);
});

it('goes on after its process was killed, and a new number begins anew', async () => {
  const { database, environment, sync, partition, partitions } = await openWorld();
  await sync();
  const before = await readHistory(database);
  const killed = startCli(['migrate', '--partition', '8'], environment);
  killed.process.stderr?.on('data', (text: string) => {
    if (text.includes('indexes')) killed.process.kill('SIGKILL');
  });
  expect((await killed.ended).signal).toBe('SIGKILL');
  const status = await runHere(['status'], environment);
  expect(status.stdout).toMatch(/a copy in 8 partitions is under way.*`migrate --partition 8` goes on/);
  const { stdout, stderr, code } = await runHere(['migrate', '--partition', '2'], environment);
  expect(code, stderr).toBe(0);
  expect(stderr).not.toContain('Goes on');
  expect(stdout).toContain('2 partitions each');
  expect(await readHistory(database)).toEqual(before);
  await expect(partition(5, nth('indexing', 1))).rejects.toThrow();
  expect(await partition(2)).toBe(false);
  expect(await partitions()).toBe(2);
  expect(
    (
      await database.query(
        `select 1 from pg_namespace where nspname in ('session_history_copies', 'session_history_former')`,
      )
    ).length,
  ).toBe(0);
});

it('names what stands in the way, and changes nothing; views of others stay', async () => {
  const { database, environment, sync } = await openWorld();
  await sync('a');
  await database.query(
    `create view night as select session_id, outcome from sessions where outcome = 'failed'`,
  );
  await database.query(`create view report.night_too with (security_barrier) as select * from night`);
  await database.query('create materialized view kept as select * from tasks');
  const refused = await runHere(['migrate', '--partition', '2'], environment);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/materialized view kept.*Nothing was changed/);
  await database.query('drop materialized view kept');
  await database.query('create role night_reader_partition');
  try {
    await database.query('grant select on night to night_reader_partition');
    await database.query('grant select (session_id), update (state) on sessions to night_reader_partition');
    const before = await readHistory(database);
    const { code, stderr } = await runHere(['migrate', '--partition', '2'], environment);
    expect(code, stderr).toBe(0);
    expect(await readHistory(database)).toEqual(before);
    expect(
      await database.query(
        `select has_table_privilege('night_reader_partition', 'night', 'select') as view,
           has_column_privilege('night_reader_partition', 'sessions', 'state', 'update') as column,
           has_column_privilege('night_reader_partition', 'sessions', 'state', 'select') as other`,
      ),
    ).toEqual([{ view: true, column: true, other: false }]);
  } finally {
    await database.query('drop owned by night_reader_partition; drop role night_reader_partition');
  }
});

it('is migrated on as a whole one is, and keeps the statistics of its parents', async () => {
  const { database, sync, partition } = await openWorld();
  await partition(2);
  await sync();
  const later = {
    name: '4_example',
    checksum: '0'.repeat(64),
    script: `
      alter table sessions add column note text;
      create index sessions_note_idx on sessions (note) where note is not null;
      alter table tasks add column weight integer not null default 1;
      create or replace view report.holes as ${
        (await database.query<{ text: string }>(`select pg_get_viewdef('report.holes'::regclass) as text`))[0]
          ?.text ?? ''
      }`,
  };
  expect((await migrateDatabase(database.url, [...(await readMigrations()), later])).applied).toEqual([
    '4_example',
  ]);
  const before = await readHistory(database);
  expect(before.some((row) => row.startsWith('tasks ') && row.includes('"weight": 1'))).toBe(true);
  // A split that begins after it takes it along.
  expect(await partition(3)).toBe(true);
  expect(await readHistory(database)).toEqual(before);
  expect(
    await database.query(
      `select 1 from pg_indexes where tablename = 'sessions_p2' and indexdef like '%(note)%'`,
    ),
  ).toHaveLength(1);

  const opened = openDatabase(database.url, { poolSize: 1 });
  try {
    const rowsOfParent = async () =>
      (
        await database.query<{ rows: number }>(
          `select reltuples::int as rows from pg_class where oid = 'public.sessions'::regclass`,
        )
      )[0]?.rows ?? 0;
    const known = await rowsOfParent();
    await database.query(
      `insert into sessions (source_id, session_id, session_name, kind, is_retry, created_at)
       select 1, gen_random_uuid(), 'one', 'other', false, now() from generate_series(1, 1000)`,
    );
    // As autovacuum does it, which does not know parents.
    for (const part of ['sessions_p0', 'sessions_p1', 'sessions_p2']) await database.query(`analyze ${part}`);
    expect(await rowsOfParent()).toBe(known);
    await analyzeParents(opened);
    expect(await rowsOfParent()).toBe(known + 1_000);
  } finally {
    await opened.close();
  }
});
