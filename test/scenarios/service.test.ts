import { describe, expect, it } from 'vitest';
import { startEmDouble } from '../support/em-double.ts';
import {
  backend,
  countRuns,
  database,
  intervalMinutes,
  later,
  patience,
  service,
  simulator,
  sourcesFile,
} from '../support/service-world.ts';
import type { TestDatabase } from '../support/test-database.ts';

const intervalMs = intervalMinutes * 60_000;

/** Pairs of runs of one source that overlapped: never any. */
const countOverlaps = async (db: TestDatabase) =>
  (
    await db.query<{ overlaps: number }>(
      `select count(*)::int as overlaps from report.sync_runs as one join report.sync_runs as other
         on one.source = other.source and one.run_id < other.run_id
         and tstzrange(one.started_at, coalesce(one.finished_at, 'infinity'))
           && tstzrange(other.started_at, coalesce(other.finished_at, 'infinity'))`,
    )
  )[0]?.overlaps;

describe.each(['postgresql', 'redis'] as const)('the service, its queue in %s', (kind) => {
  it('polls every source once an interval, however many processes there are', async () => {
    const { environment } = await backend(kind);
    const db = await database();
    const ems = [await simulator(300), await simulator(200), await simulator(100)];
    const SOURCES_FILE = sourcesFile(ems.map((em, index) => ({ name: `em ${index}:"'`, url: em.url })));
    const settings = {
      ...environment,
      DATABASE_URL: db.url,
      SOURCES_FILE,
      SYNC_INTERVAL_MINUTES: String(intervalMinutes),
    };
    const services = [
      service('serve', settings),
      service('serve', settings),
      service('worker', settings),
      service('worker', settings),
    ];
    const intervals = 5;
    const fewest = async () => {
      const runs = ems.map((_, index) =>
        countRuns(db, `status = 'succeeded' and source like 'em ${index}:%'`),
      );
      return Math.min(...(await Promise.all(runs)));
    };
    await expect.poll(fewest, patience).toBeGreaterThanOrEqual(intervals);

    // With intervals of seconds a busy machine makes polls late now and then.
    const [first] = services;
    const health = async () => {
      const answer = await fetch(`${first?.url() ?? ''}/readyz`);
      return [answer.status, await answer.json()] as const;
    };
    await expect
      .poll(health, patience)
      .toEqual([200, { status: 'ok', database: 'up', queue: 'up', late: [], failing: [] }]);

    const results = await Promise.all(services.map((one) => one.stop()));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(await countRuns(db, `status = 'running'`)).toBe(0);
    expect(await countOverlaps(db)).toBe(0);
    const gaps = await db.query<{ source: string; runs: number; shortest: number }>(
      `select source, count(*)::int as runs, min(gap)::float8 as shortest
       from (select source, extract(epoch from started_at - lag(started_at) over (partition by source order by started_at)) * 1000 as gap
             from report.sync_runs) as started
       group by source order by source`,
    );
    expect(gaps).toHaveLength(ems.length);
    // A tick may be late, and the next one then follows sooner; two runs for one tick would be no interval apart at all.
    for (const { shortest } of gaps) expect(shortest).toBeGreaterThan(intervalMs / 3);
    const rows = await db.query(
      `select source, count(*)::int as sessions from report.sessions group by 1 order by 1`,
    );
    expect(rows).toEqual(
      ems.map((em, index) => ({ source: `em ${index}:"'`, sessions: em.sessions().length })),
    );
    expect(ems.map((em) => em.openLogons())).toEqual([0, 0, 0]);
  }, 120_000);

  it('goes on when a worker is killed in the middle of a run', async () => {
    const { environment } = await backend(kind);
    const db = await database();
    const em = await startEmDouble();
    later(() => em.close());
    const settings = {
      ...environment,
      DATABASE_URL: db.url,
      EM_URL: em.url,
      EM_USERNAME: 'demo',
      EM_PASSWORD: 'demo',
      EM_NAME: 'em',
      SYNC_INTERVAL_MINUTES: String(intervalMinutes),
    };
    // The list never comes: whoever asks for it is in the middle of a run.
    em.intercept = (request) => request.url?.startsWith('/api/agents/backupSessions') === true;
    const doomed = service('worker', settings);
    await expect.poll(() => countRuns(db, `status = 'running'`), patience).toBe(1);
    const heir = service('worker', settings);
    await expect.poll(() => heir.lines.some((line) => line.msg.startsWith('ready')), patience).toBe(true);
    await doomed.stop('SIGKILL');
    em.intercept = undefined;
    await expect.poll(() => countRuns(db, `status = 'succeeded'`), patience).toBeGreaterThanOrEqual(2);
    expect(await countRuns(db, `error_kind = 'interrupted'`)).toBe(1);
    expect((await heir.stop()).code).toBe(0);
  }, 120_000);

  it('takes up and drops sources as the configuration says at the next start', async () => {
    const { environment } = await backend(kind);
    const db = await database();
    // A server of its own for each: a source that is only called otherwise stays the same source.
    const [one, two, three] = [await simulator(50), await simulator(60), await simulator(40)];
    const settings = { ...environment, DATABASE_URL: db.url };
    const before = service('worker', {
      ...settings,
      SYNC_INTERVAL_MINUTES: String(intervalMinutes),
      SOURCES_FILE: sourcesFile([
        { name: 'stays', url: one.url },
        { name: 'goes', url: two.url },
      ]),
    });
    await expect.poll(() => countRuns(db, `status = 'succeeded'`), patience).toBeGreaterThanOrEqual(2);
    await before.stop();
    const after = service('serve', {
      ...settings,
      SYNC_INTERVAL_MINUTES: '30',
      SOURCES_FILE: sourcesFile([
        { name: 'stays', url: one.url },
        { name: 'comes', url: three.url },
      ]),
    });
    await expect.poll(() => countRuns(db, `source = 'comes' and status = 'succeeded'`), patience).toBe(1);
    const metrics = await (await fetch(`${after.url() ?? ''}/metrics`)).text();
    expect(metrics).toContain('session_history_interval_seconds{source="stays"} 1800');
    expect(metrics).not.toContain('"goes"');
    expect(metrics).toContain('session_history_queue_jobs{queue="sync",state="delayed"} 2');
    await after.stop();
    expect(await countRuns(db, `source = 'goes'`)).toBeGreaterThan(0);
  }, 120_000);
});
