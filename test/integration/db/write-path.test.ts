import { writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runHere } from '../../support/run-here.ts';
import { openScenario } from '../../support/scenario.ts';
import { hourMicros, microsNow, sessionAt } from '../../support/small-world.ts';
import { makeTemporaryFolder } from '../../support/temporary-folder.ts';

/** Every statement that any connection of this process sends. */
const sent = new Set<string>();
beforeEach(() => {
  sent.clear();
  const { query }: { readonly query: (...args: unknown[]) => unknown } = pg.Client.prototype;
  vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...args: unknown[]) {
    const [what] = args;
    const text = typeof what === 'string' ? what : (what as { readonly text?: unknown } | undefined)?.text;
    if (typeof text === 'string') sent.add(text);
    return query.apply(this, args);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A part of a statement that changes rows: what it does to which table, and its text to its end. */
type Writing = {
  readonly verb: string;
  readonly table: string;
  readonly alias: string;
  readonly text: string;
};

/** Without comments, and with texts emptied. */
const plain = (sql: string) =>
  sql
    .replaceAll(/--[^\n]*/g, ' ')
    .replaceAll(/'(?:[^']|'')*'/g, "''")
    .replaceAll('"', '')
    .replaceAll(/\bpublic\./gi, '')
    .replaceAll(/\s+/g, ' ')
    .trim();

const verbs = /(?<!\bdo )(?<!\bno key )(?<!\bfor )\b(insert into|update|delete from) (\w+)(?: as (\w+))?/gi;

function findWritings(sql: string): readonly Writing[] {
  return [...sql.matchAll(verbs)].map((match) => {
    const rest = sql.slice(match.index);
    let depth = 0;
    let end = rest.length;
    for (const [at, sign] of rest.split('').entries()) {
      if (sign === '(') depth += 1;
      if (sign === ')') depth -= 1;
      if (depth < 0) {
        end = at;
        break;
      }
    }
    const [, verb = '', table = '', alias = table] = match;
    return { verb: verb.toLowerCase(), table, alias, text: rest.slice(0, end) };
  });
}

/** The source is named on the table that changes: one shard, one partition. */
function namesItsSource({ verb, table, alias, text }: Writing, statement: string): boolean {
  const column = table === 'sources' ? 'id' : 'source_id';
  if (verb !== 'insert into')
    return new RegExp(`(?:(?<![.\\w])|\\b(?:${alias}|${table})\\.)${column} = \\$\\d`, 'i').test(text);
  if (table === 'sources') return true;
  if (!/^insert into \w+(?: as \w+)? \(/i.test(text)) return /\bsource_id = \$\d/.test(statement);
  const [, columns = ''] = /\(([^)]*)\)/.exec(text) ?? [];
  return (
    columns.split(',').some((one) => one.trim() === 'source_id') &&
    (/\bselect (?:distinct (?:on \(\w+\) )?)?\$\d+::integer/i.test(text) ||
      /\bsource_id = \$\d/i.test(text) ||
      /\) values \(\$/i.test(text))
  );
}

/** Functions of this schema and of PostgreSQL that are not immutable, as far as statements that change rows call them. */
const unsteady = /\b(?:computer_key|to_char|now|current_timestamp)\b|::text\b/i;

/** Why a distributed PostgreSQL refuses a statement, as far as it was met: rules that no plain PostgreSQL knows. */
function findRefused(statement: string): readonly string[] {
  const changes = /^(?:with\b.*\)\s*)?(?:update|delete from)\b/i.test(statement);
  const [, returning = ''] = /\breturning\b(.*?)(?:\)|$)/i.exec(statement) ?? [];
  const choices = [...statement.matchAll(/\b(?:case\b.*?\bend\b|coalesce\([^()]*(?:\([^()]*\)[^()]*)*\))/gi)];
  return [
    changes &&
      choices.some(([choice]) => /\bcomputer_key\(/i.test(choice)) &&
      'a function that is not immutable in case or coalesce',
    unsteady.test(returning) && 'returning what is not immutable',
    /\bunnest\([^)]*\) as (\w+)(?: ?\([^)]*\))? (?:cross|left) join lateral\b.*\bfrom sessions\b/i.test(
      statement,
    ) && 'a lateral look by the rows of a function, across sources',
    /\bapi_keys\b/i.test(statement) &&
      /\b(?:sources|labels|sessions) as\b/i.test(statement) &&
      'local tables joined with distributed ones',
    /\binsert into sources\b.*\bon conflict\b/i.test(statement) &&
      'a name that no shard can know to be unique',
  ].flatMap((why) => (why === false ? [] : why));
}

/** A union hides that its arms lie together: what is joined to it beside its source is joined by the key of `sources`. */
const isJoinedToUnion = (view: string): boolean =>
  /\bunion all\b/i.test(view) &&
  [...view.matchAll(/(?<!left )\bjoin sources source on \(+source\.id = (\w+)\.source_id/gi)].some(
    ([, alias]) =>
      new RegExp(
        `\\bleft join \\w+(?: \\w+)? on \\(+\\w+\\.source_id = ${alias ?? ''}\\.source_id`,
        'i',
      ).test(view),
  );

/** Rare, and about all sources, or one that is known by its name only: on a distributed database they reach every shard. */
const acrossSources = [
  // What was learned of a source, and what the schedule says.
  /^update sources set (?:learned|deltas|refused_credentials|interval_seconds)\b.*\bname (?:=|in\b|not in\b)/i,
];

const bySource = new Set<string>();

it('changes rows only by statements that a distributed PostgreSQL takes, each within one source', async () => {
  const scenario = await openScenario();
  const { em, database, environment } = scenario;
  for (const { table } of await database.query<{ table: string }>(
    `select table_name as table from information_schema.columns where table_schema = 'public' and column_name = 'source_id'
     union all select 'sources'`,
  ))
    bySource.add(table);
  // First reading, corrections, moves, lost and gone sessions, a gap, a backfill, labels, tasks.
  await scenario.sync();
  const [first, second, third] = Array.from({ length: 3 }, (_, index) =>
    sessionAt(em, microsNow(em) - (index + 1) * hourMicros),
  );
  if (first === undefined || second === undefined || third === undefined) throw new Error('no sessions');
  em.upheavals.add(first, second, third);
  await scenario.sync();
  em.upheavals.change(first.id, { result: 'Failed', reason: 'Corrected.', isRetry: true });
  em.upheavals.change(second.id, { bytes: 7 });
  em.upheavals.hide(({ id }) => id === third.id);
  em.upheavals.rename(first.job.id, 'Nightly, renamed');
  await scenario.sync({ SYNC_TASKS: 'failed' });
  em.advance(40 * 24 * 3_600_000);
  await scenario.sync();
  await scenario.backfill();
  await scenario.backfill(['--queue', '--since', '2026-01-01']);
  const labels = path.join(makeTemporaryFolder('labels').path, 'labels.csv');
  writeFileSync(labels, 'source,computer,name,value\nem,PC-111,customer,Acme\nem,PC-112,customer,Other\n');
  expect((await runHere(['labels', 'import', labels], environment)).code).toBe(0);
  expect(
    (await runHere(['labels', 'remove', '--source', 'em', '--computer', 'PC-111'], environment)).code,
  ).toBe(0);

  const statements = [...sent].map(plain);
  const writings = statements.flatMap((statement) =>
    findWritings(statement)
      .filter(({ table }) => bySource.has(table))
      .map((writing) => ({ ...writing, statement })),
  );
  // The recorder hears of them all.
  for (const table of [
    'sessions',
    'tasks',
    'jobs',
    'servers',
    'computers',
    'daily_totals',
    'coverage',
    'labels',
    'sync_runs',
  ])
    expect(writings.map((writing) => writing.table)).toContain(table);
  expect(writings.length).toBeGreaterThan(40);

  const unbounded = writings.filter(
    (writing) =>
      !namesItsSource(writing, writing.statement) && !acrossSources.some((known) => known.test(writing.text)),
  );
  expect(unbounded.map(({ text }) => text)).toEqual([]);
  const volatile = writings.filter(
    ({ text }) =>
      /\b(?:clock_timestamp|statement_timestamp|random|gen_random_uuid)\(\)/i.test(text) ||
      /\bdo update set .*\bnow\(\)|\bdo update set .*\bcurrent_timestamp\b/i.test(text),
  );
  expect(volatile.map(({ text }) => text)).toEqual([]);
  expect(statements.filter((statement) => /\bexists \(select from\b/i.test(statement))).toEqual([]);
  expect(
    statements.flatMap((statement) => findRefused(statement).map((why) => `${why}: ${statement}`)),
  ).toEqual([]);
});

it('has no view or function that a distributed PostgreSQL refuses', async () => {
  const { database } = await openScenario();
  const views = await database.query<{ name: string; text: string }>(
    `select class.oid::regclass::text as name, pg_get_viewdef(class.oid) as text from pg_class as class
     where relkind = 'v' and relnamespace in ('public'::regnamespace, 'report'::regnamespace)
       and not exists (select 1 from pg_depend where classid = 'pg_class'::regclass and objid = class.oid and deptype = 'e')`,
  );
  expect(views.length).toBeGreaterThan(20);
  expect(
    views.flatMap(({ name, text }) =>
      [
        /\bdistinct on \(/i.test(text) && 'distinct on without the source',
        isJoinedToUnion(plain(text)) && 'joined to a union by its own column',
      ].flatMap((why) => (why === false ? [] : `${name}: ${why}`)),
    ),
  ).toEqual([]);
  // On a shard, a function sees no tables.
  const functions = await database.query<{ name: string }>(
    `select proname as name from pg_proc
     where pronamespace in ('public'::regnamespace, 'report'::regnamespace)
       and not exists (select 1 from pg_depend where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e')
       and prosrc ~* '\\m(from|join|update|into)\\s+(${[...bySource].join('|')})\\M'`,
  );
  expect(functions).toEqual([]);
  const keys = await database.query<{ name: string }>(
    `select indexrelid::regclass::text as name
     from pg_index join pg_class as class on class.oid = indrelid
     where indisunique and class.relkind in ('r', 'p') and class.relnamespace = 'public'::regnamespace
       and exists (select 1 from pg_attribute where attrelid = indrelid and attname = 'source_id')
       and not exists (
         select 1 from pg_attribute where attrelid = indrelid and attname = 'source_id' and attnum = any(indkey)
       )`,
  );
  expect(keys).toEqual([]);
  expect(await database.query(`select 1 from pg_trigger where not tgisinternal`)).toEqual([]);
});

it('recognises what it looks for', () => {
  const check = (sql: string) => {
    const [writing] = findWritings(plain(sql));
    return writing !== undefined && namesItsSource(writing, plain(sql));
  };
  expect(check('update sessions as session set x = 1 from jobs where session.source_id = $1 and y = 2')).toBe(
    true,
  );
  expect(check('update sessions as session set x = 1 from jobs as job where job.source_id = $1')).toBe(false);
  expect(check('delete from holes where hole_key = $1')).toBe(false);
  expect(check(`delete from holes where note = 'source_id = $1'`)).toBe(false);
  expect(check('insert into holes (source_id, a) select $1::integer, a from b')).toBe(true);
  expect(check('insert into holes (source_id, a) select source_id, a from b')).toBe(false);
  expect(findWritings('select 1 from sources for no key update')).toEqual([]);
  for (const refused of [
    'update labels set x = 1 where source_id = $1 and target_key = case scope when $2 then computer_key(name) else key end',
    'delete from stale_days where source_id = $1 returning day::text',
    'select 1 from unnest($1::text[]) as job (name) cross join lateral (select min(created_at) from sessions) as span',
    'select 1 from api_keys as key left join sources as source on true',
    'insert into sources (name, url) values ($1, $2) on conflict (name) do update set url = excluded.url',
  ])
    expect(findRefused(refused), refused).toHaveLength(1);
  expect(findRefused('delete from stale_days where source_id = $1 returning day')).toEqual([]);
  const union =
    'select 1 from (select a union all select b) past join sources source on ((source.id = past.source_id))';
  expect(
    isJoinedToUnion(`${union} left join servers server on (((server.source_id = past.source_id)))`),
  ).toBe(true);
  expect(isJoinedToUnion(`${union} left join servers server on (((server.source_id = source.id)))`)).toBe(
    false,
  );
});
