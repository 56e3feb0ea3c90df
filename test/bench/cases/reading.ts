import process from 'node:process';
import type { Options } from '../options.ts';
import { interleave, type Result } from '../result.ts';
import { median, program, runMeasured, script, startServer } from '../run-measured.ts';
import { ask, type World } from '../world.ts';

const history = async (world: World, options: Options) =>
  process.env['BENCH_HISTORY_URL'] ?? (await world.filledDatabase(options.history));

const estimate = async (url: string) =>
  Number(
    (
      await ask<{ rows: string }>(
        url,
        `select reltuples::bigint as rows from pg_class where oid = 'sessions'::regclass`,
      )
    )[0]?.rows,
  );

/** The API under load, beside the same SQL behind fastify without all the rest. */
export async function* measureApi(world: World, options: Options): AsyncGenerator<readonly Result[]> {
  const url = await history(world, options);
  const [known] = await ask<Record<'computer' | 'other' | 'job' | 'server' | 'parent' | 'source', string>>(
    url,
    `select
       session.computer, session.job_id::text as job, session.server_name as server, session.parent_session_id::text as parent,
       source.name as source, (select computer from sessions where kind = 'computer' and computer <> session.computer limit 1) as other
     from sessions as session
     join sources as source on source.id = session.source_id
     where session.computer is not null and session.parent_session_id is not null
     limit 1`,
  );
  const of = (name: keyof NonNullable<typeof known>) => encodeURIComponent(known?.[name] ?? '');
  const filters = {
    none: '',
    source: `&source=${of('source')}`,
    server: `&server=${of('server')}`,
    computer: `&computer=${of('computer')}`,
    'two computers': `&computer=${of('computer')}&computer=${of('other')}`,
    jobId: `&jobId=${of('job')}`,
    parentId: `&parentId=${of('parent')}`,
    kind: '&kind=job',
    outcome: '&outcome=failed',
    result: '&result=Success',
    createdTo: `&createdTo=${encodeURIComponent(new Date(Date.now() - 400 * 86_400_000).toISOString())}`,
    endedFrom: `&endedFrom=${encodeURIComponent(new Date(Date.now() - 400 * 86_400_000).toISOString())}`,
    search: `&search=${of('computer')}`,
  };
  const ours = await startServer(
    program,
    ['api'],
    { DATABASE_URL: url, API_PORT: '0', API_RATE_LIMIT: '10000000' },
    /(http:\/\/127\.0\.0\.1:\d+)\D/,
  );
  const bare = await startServer(script('references/bare-api'), [url]);
  try {
    for (const [name, filter] of Object.entries(filters)) {
      for (const clients of [1, 8]) {
        const load = (at: string) => async () => {
          const paths = `/api/v1/sessions?limit=100${filter}`;
          const usage = await runMeasured(script('load'), [
            at,
            String(clients),
            String(options.seconds),
            paths,
          ]);
          return {
            wallMs: 0,
            cpuMs: 0,
            peakMb: 0,
            figures: JSON.parse(usage.stdout) as Record<string, number>,
          };
        };
        yield await interleave(
          { case: `API, filter ${name}, ${clients} clients`, size: await estimate(url) },
          options.runs,
          [
            { name: 'session-history api', run: load(ours.url) },
            { name: 'bare pg behind fastify', run: load(bare.url) },
          ],
        );
      }
    }
  } finally {
    await ours.stop();
    await bare.stop();
  }
}

const questions = {
  sessions: `select count(*), avg(duration_seconds) from report.sessions where created_at > now() - interval '30 days'`,
  session_links: `select count(*) from report.session_links as link join report.sessions as session on session.session_id = link.child_session_id where session.created_at > now() - interval '30 days'`,
  'session_links alone': `select parent_session_id, count(*) from report.session_links where created_at > now() - interval '30 days' group by 1`,
  runs: `select day, outcome, count(*) from report.runs where day > (now() at time zone 'UTC')::date - 30 group by 1, 2`,
  tasks: `select count(*) from report.tasks where created_at > now() - interval '30 days'`,
  jobs: `select job_name, sessions_30d, success_rate_30d from report.jobs`,
  computers: `select computer, success_rate_30d, is_overdue from report.computers`,
  daily_outcomes: `select day, sum(total), sum(failed) from report.daily_outcomes where day > current_date - 30 group by day`,
  servers: `select server_name, newest_session_at from report.servers`,
  sync_runs: `select count(*) from report.sync_runs where started_at > now() - interval '30 days'`,
  source_health: `select * from report.source_health`,
  dim_date: `select * from report.dim_date`,
};

/** Each view's question about 30 days. */
export async function* measureReports(world: World, options: Options): AsyncGenerator<readonly Result[]> {
  const url = await history(world, options);
  const size = await estimate(url);
  const results: Result[] = [];
  for (const [view, sql] of Object.entries(questions)) {
    const times: number[] = [];
    for (let run = 0; run <= options.runs; run += 1) {
      const startedAt = performance.now();
      await ask(url, sql);
      times.push(performance.now() - startedAt);
    }
    const [firstMs = 0, ...again] = times;
    results.push({
      case: 'report views, 30 days',
      size,
      variant: `report.${view}`,
      figures: { firstMs, againMs: median(again) },
      spread: { againMs: [Math.min(...again), Math.max(...again)] },
      raw: times.map((wallMs) => ({ wallMs })),
    });
  }
  yield results;
}
