import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { distributeHistory, type DistributeMoment } from '../../src/db/distribute/distribute-history.ts';
import { chooseShards } from '../../src/db/distribute/prepare-citus.ts';
import { migrateDatabase } from '../../src/db/migrate/migrate-database.ts';
import { readMigrations } from '../../src/db/migrate/read-migrations.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { readShape } from '../../src/db/read-shape.ts';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { listQuestions } from '../support/api-questions.ts';
import { citusUrl, createCitusDatabase } from '../support/citus-database.ts';
import { copyHistory, readSubstance } from '../support/copy-history.ts';
import { readHistory } from '../support/read-history.ts';
import { startCli } from '../support/run-cli.ts';
import { runHere } from '../support/run-here.ts';
import { sourcesFile } from '../support/service-world.ts';
import {
  addSessions,
  hourMicros,
  microsNow,
  minuteMicros,
  sessionAt,
  smallWorld,
} from '../support/small-world.ts';
import { startApi, walk, type RunningApi } from '../support/start-api.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 120_000 });

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function openEm(): Promise<Simulator> {
  const em = await startSimulator({ world: smallWorld({ servers: 2 }), frozen: true, seed: 5 });
  cleanUps.push(() => em.close());
  return em;
}

async function keep(database: Promise<TestDatabase>): Promise<TestDatabase> {
  const made = await database;
  cleanUps.push(() => made.drop());
  return made;
}

type Environment = Readonly<Record<string, string>>;

const environmentOf = (em: Simulator, database: TestDatabase): Environment => ({
  SOURCES_FILE: sourcesFile(['a', 'b', 'c'].map((name) => ({ name, url: em.url }))),
  DATABASE_URL: database.url,
});

/** A command that is to succeed. */
async function run(args: readonly string[], environment: Environment): Promise<string> {
  const { code, stdout, stderr } = await runHere(args, environment);
  expect(code, `${args.join(' ')}: ${stdout}${stderr}`).toBe(0);
  return stdout;
}

async function shapeOf(database: TestDatabase) {
  const opened = openDatabase(database.url, { poolSize: 1 });
  try {
    return await readShape(opened.pool);
  } finally {
    await opened.close();
  }
}

/** Distributes; `isEnd` ends the process's connection at a moment, as a kill would. */
async function distribute(
  database: TestDatabase,
  isEnd: (moment: DistributeMoment) => boolean = () => false,
) {
  const opened = openDatabase(database.url, { poolSize: 1 });
  try {
    return await distributeHistory(opened, {
      signal: new AbortController().signal,
      onMoment: async (moment) => {
        if (!isEnd(moment)) return;
        await database.query(
          `select pg_terminate_backend(pid, 10000) from pg_stat_activity
           where datname = current_database() and application_name = 'session-history distribute'`,
        );
      },
    });
  } finally {
    await opened.close();
  }
}

/** What happens to an Enterprise Manager in some weeks, step by step, and the commands that read it. */
function weeks(
  em: Simulator,
): readonly { readonly happen: () => void; readonly commands: readonly string[][] }[] {
  const [first, second, third] = [1, 2, 3].map((hours) => sessionAt(em, microsNow(em) - hours * hourMicros));
  if (first === undefined || second === undefined || third === undefined) throw new Error('no sessions');
  const labels = path.join(makeTemporaryFolder('labels').path, 'labels.csv');
  writeFileSync(
    labels,
    'source,server,job,computer,name,value\na,,,PC-111,customer,Acme\na,,,PC-112,customer,Other\nb,,,,customer,Acme\nb,,Nightly 1.2,,site,North\na,vbr2.corp.local,,,max_age_hours,30\n',
  );
  // One after the other: sources get their ids in this order.
  const sync = ['a', 'b', 'c'].map((name) => ['sync', '--full', '--source', name]);
  return [
    { happen: () => undefined, commands: sync },
    { happen: () => em.upheavals.add(first, second, third), commands: sync },
    {
      happen: () => {
        em.upheavals.change(first.id, { result: 'Failed', reason: 'Corrected.', isRetry: true });
        em.upheavals.change(second.id, { bytes: 7 });
        em.upheavals.hide(({ id }) => id === third.id);
        em.upheavals.rename(first.job.id, 'Nightly, renamed');
        addSessions(em, 40, microsNow(em) - 3_000 * minuteMicros, 60 * minuteMicros);
      },
      commands: [...sync, ['labels', 'import', labels]],
    },
    {
      happen: () =>
        addSessions(em, 10, microsNow(em) - 90 * minuteMicros, 7 * minuteMicros, { isRetry: true }),
      commands: [
        ...sync.map((command) => command.filter((word) => word !== '--full')),
        ['labels', 'remove', '--source', 'a', '--computer', 'PC-112'],
      ],
    },
    { happen: () => em.advance(3 * 86_400_000), commands: [...sync, ['backfill', '--since', '2026-01-01']] },
    {
      happen: () => em.upheavals.hide(({ result }) => result === 'Failed'),
      commands: [...sync, ['migrate', '--rebuild']],
    },
  ];
}

it('says what is missing where there is no Citus, and changes nothing', async () => {
  const database = await keep(createTestDatabase());
  const { code, stderr } = await runHere(['migrate', '--distribute'], { DATABASE_URL: database.url });
  expect(code).toBe(1);
  expect(stderr).toMatch(/Citus.*shared_preload_libraries.*Nothing was changed/);
  const both = await runHere(['migrate', '--distribute', '--partition', '4'], { DATABASE_URL: database.url });
  expect(both.code).toBe(2);
  expect((await shapeOf(database)).distribution).toBeUndefined();
  expect([1, 2, 3, 16].map(chooseShards)).toEqual([4, 4, 6, 32]);
});

describe.skipIf(citusUrl === undefined)(
  'distributed over a Citus cluster (runs where TEST_CITUS_URL names a coordinator)',
  () => {
    it('the same weeks come to the same history, killed in the middle or not', async () => {
      const em = await openEm();
      const plain = await keep(createCitusDatabase('plain'));
      const distributed = await keep(createCitusDatabase());
      await migrateDatabase(plain.url);
      const wanted = environmentOf(em, plain);
      const environment = environmentOf(em, distributed);
      /** Starts a command that is killed after so many answers of Enterprise Manager. */
      const kill = async (args: readonly string[], requests: number) => {
        const cli = startCli(args, environment);
        let seen = 0;
        em.onRequest = () => {
          seen += 1;
          if (seen > requests) cli.process.kill('SIGKILL');
        };
        await cli.ended;
        em.onRequest = undefined;
      };
      for (const [number, { happen, commands }] of weeks(em).entries()) {
        happen();
        for (const command of commands) {
          if (command.includes('b') || command[0] === 'backfill') await kill(command, 3 + 2 * number);
          await run(command, environment);
          await run(command, wanted);
        }
        const substance = await readSubstance(distributed);
        expect(substance).toEqual(await readSubstance(plain));
        expect(substance.filter((row) => row.startsWith('stale_days '))).toEqual([]);
        expect(substance.filter((row) => row.startsWith('sessions ')).length).toBeGreaterThan(700);
      }
      // A poll without news finds none.
      for (const line of (await run(['sync', '--full', '--json'], environment)).trim().split('\n'))
        expect(JSON.parse(line)).toMatchObject({
          status: 'succeeded',
          new: 0,
          changed: 0,
          missing: 0,
          holes: 0,
        });
    });

    it('answers every view and question as a plain history of the same rows', async () => {
      const em = await openEm();
      const plain = await keep(createCitusDatabase('plain'));
      const distributed = await keep(createCitusDatabase());
      await migrateDatabase(plain.url);
      const environment = environmentOf(em, distributed);
      for (const { happen, commands } of weeks(em).slice(0, 5)) {
        happen();
        for (const command of commands) await run(command, environment);
      }
      const limited = /shk_\S+/.exec(
        await run(['keys', 'create', '--name', 'limited', '--customer', 'Acme'], environment),
      )?.[0];
      const whole = /shk_\S+/.exec(await run(['keys', 'create', '--name', 'whole'], environment))?.[0];
      // Some days and computers that nobody has worked out yet: the views do.
      await distributed.query(`update computers set is_stale = true where computer like '%1'`);
      await distributed.query(
        `insert into stale_days select source_id, max(day) from daily_totals group by source_id`,
      );
      await copyHistory(distributed, plain);
      // Workers have settings of their own, and clients none of theirs there.
      await distributed.query(
        `select run_command_on_workers(format(
           $run$do $do$ begin
             perform set_config('citus.enable_ddl_propagation', 'off', true);
             alter database %I set timezone = 'America/New_York';
           end $do$$run$, current_database()
         ))`,
      );
      const rows = await readHistory(distributed);
      expect(rows.length).toBeGreaterThan(5_000);
      expect(rows).toEqual(await readHistory(plain));

      const wanted = environmentOf(em, plain);
      const apis = [await startApi(environment), await startApi(wanted)] as const;
      try {
        const questions = await listQuestions(plain);
        expect(questions.length).toBeGreaterThan(150);
        for (const key of [whole, limited]) {
          const otherwise: unknown[] = [];
          for (const question of questions) {
            const [answer, other] = await askBoth(apis, question, key);
            if (!isDeepStrictEqual(answer, other)) otherwise.push({ question, answer, other });
          }
          expect(otherwise).toEqual([]);
          const walked = (api: RunningApi, address: string) =>
            walk({ ...api, ask: (one) => api.ask(one, bearer(key)) }, address, 97);
          for (const address of [
            '/api/v1/sessions',
            '/api/v1/sessions?search=pc&sort=createdAt',
            '/api/v1/reports/daily-outcomes',
          ])
            expect(await walked(apis[0], address)).toEqual(await walked(apis[1], address));
        }
      } finally {
        for (const { service } of apis) await service.stop();
      }
      const months = [
        ...new Set(
          (
            await plain.query<{ month: string }>(
              `select to_char(created_at at time zone 'UTC', 'YYYY-MM') as month from sessions`,
            )
          ).map(({ month }) => month),
        ),
      ];
      for (const [args, isSame] of [
        ...['csv', 'ndjson'].map((format) => [['export', '--format', format], true] as const),
        [['export', '--format', 'ndjson', '--changed-after', ''], true] as const,
        [['labels', 'list'], true] as const,
        [['keys', 'list'], true] as const,
        [['status'], false] as const,
      ]) {
        const [one, other] = [await run(args, environment), await run(args, wanted)];
        if (isSame) expect(one, args.join(' ')).toBe(other);
      }
      const folder = makeTemporaryFolder('reports').path;
      for (const month of months)
        for (const customer of [[], ['--customer', 'Acme']])
          for (const [name, env] of [
            ['distributed', environment],
            ['plain', wanted],
          ] as const)
            await run(
              [
                'report',
                '--month',
                month,
                ...customer,
                '--out',
                path.join(folder, `${name}-${month}-${customer.length}.html`),
              ],
              env,
            );
      const check = await runHere(['check'], environment);
      expect(check.stdout).toMatch(/distributed with \d+ shards on \d+ worker/);
      expect(check.stdout).toMatch(/worker .*: its time zone is America\/New_York.*set timezone = 'UTC'/);
      const [line = '{}'] = (await run(['status', '--json'], environment)).split('\n');
      expect(JSON.parse(line)).toMatchObject({ storage: { kind: 'distributed' } });
      const [plainLine = '{}'] = (await run(['status', '--json'], wanted)).split('\n');
      expect(JSON.parse(plainLine)).toMatchObject({ storage: { kind: 'plain' } });
    });

    it('a filled history is distributed as it is, wherever that is killed', async () => {
      const em = await openEm();
      const database = await keep(createCitusDatabase('empty'));
      await migrateDatabase(database.url);
      const environment = environmentOf(em, database);
      for (const { happen, commands } of weeks(em).slice(0, 3)) {
        happen();
        for (const command of commands) await run(command, environment);
      }
      const before = await readHistory(database);
      const split = await runHere(['migrate', '--partition', '2'], environment);
      expect(split.code, split.stderr).toBe(0);
      const refused = await runHere(['migrate', '--distribute'], environment);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(/2 partitions.*migrate --partition 1/);
      await run(['migrate', '--partition', '1'], environment);

      for (const isEnd of [
        (moment: DistributeMoment) => moment.kind === 'planned',
        (moment: DistributeMoment) => moment.kind === 'distributing' && moment.table === 'sessions',
        (moment: DistributeMoment) => moment.kind === 'distributed',
      ]) {
        await expect(distribute(database, isEnd)).rejects.toMatchObject({ kind: 'transient' });
        expect((await shapeOf(database)).distribution).toBeUndefined();
        expect(await readHistory(database)).toEqual(before);
      }
      let cleared = 0;
      await expect(
        distribute(database, ({ kind }) => kind === 'clearing' && (cleared += 1) === 2),
      ).rejects.toMatchObject({ kind: 'transient' });
      expect((await shapeOf(database)).distribution?.leftOver.length).toBeGreaterThan(1);
      expect(await readHistory(database)).toEqual(before);
      expect((await runHere(['status'], environment)).stdout).toContain('`migrate --distribute` drops them');
      expect(await run(['migrate', '--distribute'], environment)).toMatch(
        /\d+ shards on \d+ workers?, after/,
      );
      expect((await shapeOf(database)).distribution?.leftOver).toEqual([]);
      expect(await readHistory(database)).toEqual(before);
      expect(await run(['migrate', '--distribute'], environment)).toContain('already');
      const partition = await runHere(['migrate', '--partition', '2'], environment);
      expect(partition.stderr).toContain('distributed, by source already');
      await run(['sync', '--full'], environment);
    });

    it('is migrated on as a plain one is, and shows its readers the views only', async () => {
      const em = await openEm();
      const database = await keep(createCitusDatabase());
      const environment = environmentOf(em, database);
      await run(['sync', '--source', 'a'], environment);
      await run(['migrate'], environment);
      const login = `reader_${path.basename(new URL(database.url).pathname).slice(-12)}`;
      await database.query(`create role ${login} login password 'secret' in role session_history_reader`);
      try {
        const [seen] = await database.query<{ names: string[] }>(
          `select array_agg(format('report.%I', table_name)) as names from information_schema.views where table_schema = 'report'`,
        );
        const address = new URL(database.url);
        address.username = login;
        address.password = 'secret';
        const reader = openDatabase(address.href, { poolSize: 1 });
        try {
          for (const name of seen?.names ?? []) await reader.pool.query(`select * from ${name} limit 1`);
          await expect(reader.pool.query('select * from sessions')).rejects.toThrow(/permission denied/);
          const stolen = await reader.pool.query<{ success: boolean }>(
            `select success from run_command_on_shards('sources', 'select refused_credentials from %s')`,
          );
          expect(stolen.rows.every(({ success }) => !success)).toBe(true);
        } finally {
          await reader.close();
        }
      } finally {
        await database.query(`drop role ${login}`);
      }

      const later = {
        name: '4_example',
        checksum: '0'.repeat(64),
        script: `
        alter table sessions add column note text;
        create index sessions_note_idx on sessions (source_id, note) where note is not null;
        alter table tasks add column weight integer not null default 1;
        create table notes (source_id integer not null, note_id uuid not null, note text, constraint notes_pkey primary key (source_id, note_id));
        create or replace view report.notes as
          select source.name as source, note.note_id, note.note from notes as note join sources as source on source.id = note.source_id;`,
      };
      expect((await migrateDatabase(database.url, [...(await readMigrations()), later])).applied).toEqual([
        '4_example',
      ]);
      await database.query(`insert into notes values (1, gen_random_uuid(), 'one')`);
      expect(await database.query('select source, note from report.notes')).toEqual([
        { source: 'a', note: 'one' },
      ]);
      expect((await shapeOf(database)).distribution).toBeDefined();
      expect(
        await database.query(
          `select 1 from pg_dist_partition where logicalrelid = 'notes'::regclass and partmethod = 'h'`,
        ),
      ).toHaveLength(1);
      expect(await database.query('select distinct weight from tasks')).toEqual([{ weight: 1 }]);
    });
  },
);

const bearer = (key: string | undefined): RequestInit => ({
  headers: { authorization: `Bearer ${key ?? ''}` },
});

async function askBoth(
  apis: readonly [RunningApi, RunningApi],
  question: string,
  key: string | undefined,
): Promise<readonly unknown[]> {
  const both = [];
  for (const api of apis) {
    const answer = await api.ask(question, bearer(key));
    const text = (await answer.text())
      .replaceAll(/"(?:hoursSinceSuccess|daysUntilLoss)":[^,}]*/g, '')
      .replaceAll(/"requestId":"[^"]*"/g, '')
      .replaceAll(/-?\d+(?:\.\d+(?:e[+-]?\d+)?|e-\d+)/g, (number) =>
        String(Math.round(Number(number) * 1e6) / 1e6 + 0),
      );
    both.push({
      status: answer.status,
      text,
      etag: /\/(computers|jobs|sources|reports)/.test(question) ? null : answer.headers.get('etag'),
    });
  }
  return both;
}
