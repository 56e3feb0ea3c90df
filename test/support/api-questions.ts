import type { TestDatabase } from './test-database.ts';

/** Over a hundred questions of the API, about what is in this history: every filter, order, page, count and form of answer. */
export async function listQuestions({ query }: TestDatabase): Promise<readonly string[]> {
  const [some] = await query<Record<string, string>>(
    `select session_id as "sessionId", parent_session_id as "parentId", job_id as "jobId", job_name as job, computer, server_name as server, source
     from report.sessions
     where kind = 'computer' and parent_session_id is not null and task_count > 0
     order by created_at desc, source, session_id limit 1`,
  );
  const [run] = await query<{ id: string }>(
    `select run_id as id from report.sync_runs order by run_id limit 1`,
  );
  const [bounds] = await query<{ middle: string; day: string }>(
    `select to_char(max(created_at) - interval '5 days', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as middle,
       to_char(max(created_at) - interval '5 days', 'YYYY-MM-DD') as day
     from report.sessions`,
  );
  if (some === undefined || run === undefined || bounds === undefined)
    throw new Error('the history is empty');
  const value = (name: string) => encodeURIComponent(some[name] ?? '');
  const { middle, day } = bounds;
  const ofSessions = [
    '',
    'limit=1',
    'limit=1000',
    'sort=createdAt',
    'sort=-createdAt&limit=7',
    'sort=durationSeconds',
    'sort=-processedBytes&limit=20',
    'count=exact',
    'count=exact&outcome=failed',
    ...['source', 'server', 'job', 'jobId', 'computer', 'parentId'].flatMap((name) => [
      `${name}=${value(name)}`,
      `${name}=${value(name)}&count=exact&sort=createdAt`,
      `${name}=${value(name)}&outcome=success&outcome=warning&limit=5`,
    ]),
    'source=a&source=b&limit=50',
    'source=nowhere',
    'kind=job',
    'kind=computer&kind=job&limit=30',
    'outcome=failed',
    'outcome=failed&outcome=running&outcome=lost',
    'result=Failed',
    'result=Success&limit=9',
    'state=Stopped&limit=9',
    'state=Working',
    'jobType=AgentManagement&limit=9',
    'jobType=AgentBackup',
    'isRetry=true',
    'isRetry=false&limit=9',
    `createdFrom=${middle}`,
    `createdTo=${middle}`,
    `endedFrom=${middle}`,
    `endedTo=${middle}&limit=40`,
    `createdFrom=${middle}&outcome=failed&count=exact`,
    'customer=Acme',
    'customer=Acme&count=exact',
    'customer=Acme&customer=Other&sort=createdAt',
    'site=North',
    'search=PC',
    'search=pc-1&source=a',
    'search=nightly',
    'search=nightly&sort=createdAt&limit=13',
    'search=renamed&count=exact',
    'search=vbr&limit=10',
    `search=${value('computer')}&outcome=failed`,
    'search=2026-06&limit=10',
    'search=nothing-like-it',
    'search=%25',
    ...['csv', 'ndjson', 'json'].map((format) => `format=${format}`),
    'format=csv&source=b&outcome=failed',
    'format=ndjson&customer=Acme',
    'format=ndjson&search=PC-11',
  ].map((question) => `/sessions?${question}`);
  const others = [
    `/sessions/${value('sessionId')}`,
    `/sessions/${value('sessionId')}?source=${value('source')}`,
    `/sessions/${value('parentId')}`,
    '/sessions/00000000-0000-4000-8000-000000000000',
    ...['jobs', 'computers', 'servers', 'sources', 'sync-runs', 'coverage', 'holes', 'labels'].flatMap(
      (name) => [
        `/${name}`,
        `/${name}?limit=2`,
        `/${name}?source=a`,
        `/${name}?source=b&count=exact`,
        `/${name}?format=ndjson`,
      ],
    ),
    '/jobs?kind=job&sort=jobName',
    '/jobs?sort=-lastSessionAt',
    '/jobs?sort=-successRate30d&limit=3',
    '/jobs?outcome=failed',
    '/jobs?search=nightly',
    `/jobs/${value('jobId')}`,
    `/jobs/${value('jobId')}?source=${value('source')}`,
    '/computers?sort=computer',
    '/computers?sort=-lastSuccessAt&limit=3',
    '/computers?sort=-failed30d&isOverdue=true',
    '/computers?missedLastExpected=true',
    '/computers?isMuted=true',
    '/computers?customer=Acme&count=exact',
    '/computers?search=pc-1',
    '/computers?outcome=success&site=North',
    `/computers/${value('computer')}`,
    `/computers/${value('computer')}?source=b`,
    '/servers?search=VBR',
    '/sources?customer=Everyone',
    '/sync-runs?status=succeeded&limit=3',
    '/sync-runs?trigger=backfill',
    `/sync-runs/${run.id}`,
    '/coverage?isCovered=true',
    `/coverage?from=${middle}`,
    '/labels?name=customer',
    '/reports/overdue',
    '/reports/overdue?count=exact&source=c',
    '/reports/computer-calendar',
    '/reports/computer-calendar?limit=3&sort=computer',
    '/reports/computer-calendar?source=b&customer=Acme',
    // Whole, and of one source: fractions are summed in any order, and so are cursors' and like sources' in the last digit.
    '/reports/duration-growth?source=a',
    '/reports/duration-growth?source=b&sort=-growth',
    '/reports/duration-growth?source=c&format=ndjson',
    '/reports/daily-outcomes',
    `/reports/daily-outcomes?dayFrom=${day}&kind=computer&limit=25`,
    '/reports/daily-outcomes?customer=Acme&count=exact',
    '/reports/outcomes-by-day',
    `/reports/outcomes-by-day?dayFrom=${day}&source=a`,
    '/reports/outcomes-by-day?customer=Acme&kind=computer',
    '/reports/daily-totals',
    `/reports/daily-totals?dayTo=${day}&kind=job&count=exact`,
    '/reports/daily-totals?customer=Acme&limit=4',
    '/reports/daily-totals?format=csv',
    '/changes',
    '/changes?limit=17',
    '/changes?format=ndjson',
    '/changes?after=broken',
  ];
  return [...ofSessions, ...others].map((question) => `/api/v1${question}`);
}
