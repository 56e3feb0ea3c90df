import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMonth, type MonthReport } from '../../../src/query/month/read-month.ts';
import { openQueryPool } from '../../../src/query/sql/open-query-pool.ts';
import { workOutFigures } from '../../../src/report/month-figures.ts';
import { startSimulator } from '../../../src/simulator/start-simulator.ts';
import { readWorkbook } from '../../support/read-workbook.ts';
import { runHere } from '../../support/run-here.ts';
import { syncOnce } from '../../support/sync-once.ts';
import { makeTemporaryFolder } from '../../support/temporary-folder.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
const { path: folder } = makeTemporaryFolder('month report');
const customer = 'Köhler & <Sons>';
const months = [0, -1].map((on) => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + on, 1)).toISOString().slice(0, 7);
});
const [thisMonth = '', lastMonth = ''] = months;

beforeAll(async () => {
  const em = await startSimulator({ sessions: 2_500, frozen: true });
  database = await createTestDatabase();
  await syncOnce(em.url, database.url);
  await em.close();
  // A computer that was not backed up last month any more, and is again since, and one that never was.
  await database.query(
    `update sessions set created_at = created_at - interval '40 days', ended_at = ended_at - interval '40 days'
     where session_id in (select session_id from sessions where kind = 'computer' order by session_id limit 40)`,
  );
  await runHere(['migrate', '--rebuild'], { DATABASE_URL: database.url });
  const [policies] = [
    await database.query<{ name: string }>(
      `select distinct policy_name as name from report.computers where policy_name is not null order by 1 limit 2`,
    ),
  ];
  for (const { name } of policies) {
    for (const [label, value] of [
      ['customer', customer],
      ['max_age_hours', '30'],
    ])
      await runHere(['labels', 'set', label ?? '', value ?? '', '--job', name], {
        DATABASE_URL: database.url,
      });
  }
});
afterAll(() => database.drop());

async function read(month: string, of: string | null): Promise<MonthReport> {
  const pool = openQueryPool(database.url, 1, () => undefined);
  try {
    const report = await readMonth(pool, { month, customer: of }, new AbortController().signal);
    if ('customers' in report) throw new Error('no such customer');
    return report;
  } finally {
    await pool.end();
  }
}

type Session = {
  readonly computer: string;
  readonly job: string;
  readonly policy: string;
  readonly outcome: string;
  readonly retry: boolean;
  readonly created: string;
  readonly ended: string | null;
  readonly reason: string | null;
  readonly customer: string | null;
};

/** The figures once more, from the sessions alone, by the words of the contract. */
async function recompute(month: string, of: string | null, asOf: string) {
  const all = await database.query<Session>(
    `select computer, coalesce(job_id::text, session_id::text) as job, coalesce(policy_name, '') as policy, outcome, is_retry as retry,
       to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created,
       to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ended, failure_reason as reason, customer
     from report.sessions where kind = 'computer' order by created_at, session_id`,
  );
  const sessions = all.filter((session) => of === null || session.customer === of);
  const runs: { first: Session; last: Session }[] = [];
  const open = new Map<string, { first: Session; last: Session }>();
  for (const session of sessions) {
    const run = open.get(session.job);
    if (session.retry && run !== undefined) run.last = session;
    else {
      const begun = { first: session, last: session };
      open.set(session.job, begun);
      runs.push(begun);
    }
  }
  const ofMonth = runs.filter(({ first }) => first.created.startsWith(month));
  const outcomes = (some: typeof runs) => {
    const of = (word: string) => some.filter(({ last }) => last.outcome === word).length;
    const [success, warning, failed] = [of('success'), of('warning'), of('failed')];
    return {
      runs: some.length,
      success,
      warning,
      failed,
      undecided: some.length - success - warning - failed,
    };
  };
  const group = <K>(key: (run: (typeof runs)[number]) => K) => {
    const groups = new Map<K, typeof runs>();
    for (const run of ofMonth) groups.set(key(run), [...(groups.get(key(run)) ?? []), run]);
    return groups;
  };
  const lastSuccess = new Map<string, string>();
  for (const { computer, outcome, ended } of sessions) {
    if (ended === null || ended > asOf || (outcome !== 'success' && outcome !== 'warning')) continue;
    if (ended > (lastSuccess.get(computer) ?? '')) lastSuccess.set(computer, ended);
  }
  return {
    total: outcomes(ofMonth),
    days: [...group(({ first }) => first.created.slice(0, 10))].map(([day, some]) => ({
      day,
      ...outcomes(some),
    })),
    policies: new Map([...group(({ first }) => first.policy)].map(([name, some]) => [name, outcomes(some)])),
    reasons: new Map(
      [...group(({ last }) => (last.outcome === 'failed' ? (last.reason ?? '') : null))]
        .filter(([reason]) => reason !== null)
        .map(([reason, some]) => [
          reason,
          [some.length, new Set(some.map(({ first }) => first.computer)).size],
        ]),
    ),
    /** Of those that had a session by then. */
    lastSuccess,
    known: new Set(sessions.filter(({ created }) => created < asOf).map(({ computer }) => computer)),
  };
}

describe.each([
  [thisMonth, null],
  [lastMonth, null],
  [thisMonth, customer],
  [lastMonth, customer],
])('the report of %s for %s', (month, of) => {
  it('has the figures that a recomputation from the sessions has', async () => {
    const report = await read(month, of);
    const expected = await recompute(month, of, report.asOf);
    const figures = workOutFigures(report);
    const plain = ({ runs, success, warning, failed, undecided }: typeof expected.total) => ({
      runs,
      success,
      warning,
      failed,
      undecided,
    });
    expect(figures.total).toEqual(expected.total);
    expect(report.days.rows.map((row) => ({ day: row.day, ...plain(row) }))).toEqual(expected.days);
    expect(new Map(report.policies.rows.map((row) => [row.policy_name, plain(row)]))).toEqual(
      expected.policies,
    );
    expect(new Map(report.reasons.rows.map((row) => [row.reason, [row.runs, row.computers]]))).toEqual(
      expected.reasons,
    );
    expect(report.failures.rows).toHaveLength(expected.total.failed);
    const { success, warning, failed } = expected.total;
    expect(figures.rate).toBe(
      failed + success + warning === 0 ? null : (success + warning) / (success + warning + failed),
    );

    const seen = report.computers.rows.filter(({ computer }) => expected.known.has(computer));
    expect(new Set(seen.map(({ computer }) => computer))).toEqual(expected.known);
    for (const row of seen) {
      expect([row.computer, row.last_success_at]).toEqual([
        row.computer,
        expected.lastSuccess.get(row.computer) ?? null,
      ]);
      if (row.last_success_at === null) expect(row.state).toBe('never');
      else {
        const hours = (Date.parse(report.asOf) - Date.parse(row.last_success_at)) / 3_600_000;
        expect(row.age_hours).toBeCloseTo(hours, 3);
        expect([row.computer, row.state]).toEqual([
          row.computer,
          hours > row.agreed_hours ? 'late' : 'within',
        ]);
      }
      if (of !== null) expect([row.agreed_hours, row.is_agreed, row.customer]).toEqual([30, true, customer]);
    }
    // Others were discovered, and never had a session.
    const others = report.computers.rows.filter(({ computer }) => !expected.known.has(computer));
    expect(others.every(({ state, runs }) => state === 'never' && runs === 0)).toBe(true);
    expect(figures.within + figures.late + figures.never + figures.muted).toBe(report.computers.rows.length);
  });

  it('says what was read whole, and what was not', async () => {
    const report = await read(month, of);
    const { coverage, coveredShare, record } = workOutFigures(report);
    const from = Date.parse(`${month}-01T00:00:00Z`);
    const to = Date.parse(report.asOf);
    const rows = await database.query<{ from: Date; to: Date }>(
      `select from_at as from, to_at as to from report.coverage where is_covered`,
    );
    const covered = rows
      .map((row) => Math.max(0, Math.min(to, row.to.getTime()) - Math.max(from, row.from.getTime())))
      .reduce((sum, ms) => sum + ms, 0);
    expect(coveredShare).toBeCloseTo(covered / (to - from), 6);
    const missing = coverage.flatMap(({ gaps }) => gaps).reduce((sum, gap) => sum + gap.toMs - gap.fromMs, 0);
    expect(missing).toBeCloseTo(to - from - covered, -2);
    expect(record).toBe(month === thisMonth && coverage[0]?.gaps.length === 1 ? 'soFar' : 'incomplete');
  });
});

it('is a page of its own that fetches nothing, and says what the figures say', async () => {
  const out = `${folder}/report.html`;
  const args = ['report', '--month', thisMonth, '--customer', customer, '--out', out];
  const { code, stdout } = await runHere(args, { DATABASE_URL: database.url });
  expect([code, stdout]).toEqual([0, expect.stringContaining(`in ${out}`)]);
  const page = readFileSync(out, 'utf8');
  expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(['"]?(?!#)[a-z]+:|https?:/i);
  expect(page).toContain('Köhler &amp; &lt;Sons&gt;');
  expect(page).not.toContain('<Sons>');
  const { total } = workOutFigures(await read(thisMonth, customer));
  const decided = total.success + total.warning + total.failed;
  const shown = `${(total.success + total.warning).toLocaleString('en-US')} of ${decided.toLocaleString('en-US')}`;
  expect(page).toContain(shown);
});

it('is a workbook with the same figures and every failed run', async () => {
  const out = `${folder}/report.xlsx`;
  const { code } = await runHere(['report', '--month', thisMonth, '--out', out], {
    DATABASE_URL: database.url,
  });
  expect(code).toBe(0);
  const sheets = readWorkbook(readFileSync(out));
  expect(sheets.map(({ name }) => name)).toEqual([
    'Summary',
    'Days',
    'Policies',
    'Computers',
    'Failed runs',
    'Coverage',
    'Gaps',
  ]);
  const report = await read(thisMonth, null);
  const { total } = workOutFigures(report);
  const summary = new Map(
    sheets[0]?.rows.map(([name, value, text]) => [name?.text, value?.text === '' ? text?.text : value?.text]),
  );
  expect([summary.get('month'), summary.get('runs'), summary.get('failed')]).toEqual([
    thisMonth,
    String(total.runs),
    String(total.failed),
  ]);
  expect(sheets.slice(1, 6).map(({ rows }) => rows.length - 1)).toEqual(
    [report.days, report.policies, report.computers, report.failures, report.sources].map(
      ({ rows }) => rows.length,
    ),
  );
});

it.each([
  [
    ['--month', '2026-13', '--out', 'a.html'],
    '--month is to be a year and a month. Example: --month 2026-10',
  ],
  [['--month', '9998-01', '--out', 'a.html'], '--month 9998-01 has not begun yet'],
  [['--month', '2026-01', '--out', 'a.pdf'], 'For PDF, write .html and print it'],
  [['--month', '2026-01', '--out', '/nowhere/a.html'], '--out /nowhere/a.html cannot be written'],
  [['--month', '2026-01', '--customer', 'Kohler', '--out', 'a.html'], `There are ${customer}.`],
  [['--month', '2026-01'], "'--out <file>' not specified"],
])('says what is wrong with %j', async (args, message) => {
  const { code, stderr } = await runHere(['report', ...args], { DATABASE_URL: database.url });
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
