import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator } from '../../../src/simulator/start-simulator.ts';
import { syncOnce } from '../../support/sync-once.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

const root = new URL('../../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');

let database: TestDatabase;
let reader: pg.Client;

beforeAll(async () => {
  const em = await startSimulator({ sessions: 1_500, frozen: true });
  database = await createTestDatabase();
  await syncOnce(em.url, database.url);
  await em.close();
  reader = new pg.Client({ connectionString: database.url });
  await reader.connect();
});
afterAll(async () => {
  await reader.end();
  await database.drop();
});

const documents = [
  'README.md',
  ...readdirSync(new URL('docs', root))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...readdirSync(new URL('docs/bi', root)).map((name) => `docs/bi/${name}`),
];
const statements = documents.flatMap((file) =>
  [...read(file).matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = ''], index) => ({
    file,
    number: index + 1,
    sql,
  })),
);

/** Days are those of UTC, whatever zone a tool's connection is set to. One of these is on another day now. */
const zones = ['UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'];

/** Asks in all zones, at one moment, and gives the one answer there must be. */
async function ask(sql: string): Promise<pg.QueryResult<Record<string, unknown>>> {
  const answers: pg.QueryResult<Record<string, unknown>>[] = [];
  await reader.query('begin');
  try {
    for (const zone of zones) {
      await reader.query(`set local timezone = '${zone}'`);
      answers.push(await reader.query<Record<string, unknown>>(sql));
    }
  } finally {
    // Also after a statement that failed, or the next ones would fail for it.
    await reader.query('rollback');
  }
  const [answer] = answers;
  if (answer === undefined) throw new Error('no answer');
  for (const other of answers) expect(other.rows).toEqual(answer.rows);
  return answer;
}

/** What an administrator does once, before there is a history to ask. */
const isPreparation = ({ sql }: { readonly sql: string }) => sql.startsWith('create ');

it.each(statements.filter((one) => !isPreparation(one)))('$file, statement $number runs', async ({ sql }) => {
  expect((await ask(sql)).command).toBe('SELECT');
});

it('docs/operations.md makes a database that its own account owns', async () => {
  const preparations = statements.filter(isPreparation);
  // The second needs servers with Citus; test/scenarios/distribute.test.ts has them.
  expect(preparations.map(({ file, number }) => `${file} ${number}`)).toEqual([
    'docs/operations.md 1',
    'docs/scaling.md 1',
  ]);
  // Roles and databases belong to the server: under a name of this test's own.
  const name = `${new URL(database.url).pathname.slice(1)}_own`;
  const made = preparations[0]?.sql.replaceAll('session_history', name) ?? '';
  try {
    for (const statement of made.split(/;\n/).filter((one) => one.trim() !== ''))
      await database.query(statement);
    expect(
      await database.query(
        `select pg_get_userbyid(datdba) as owner, pg_encoding_to_char(encoding) as encoding from pg_database where datname = $1`,
        [name],
      ),
    ).toEqual([{ owner: name, encoding: 'UTF8' }]);
  } finally {
    await database.query(`drop database if exists ${name}`);
    await database.query(`drop role if exists ${name}`);
  }
});

it('docs/bi/questions.md answers at least twenty questions, each with a statement', () => {
  const questions = read('docs/bi/questions.md').split(/^### /m).slice(1);
  expect(questions.length).toBeGreaterThanOrEqual(20);
  for (const question of questions) expect(question).toMatch(/```sql\n[\s\S]*```/);
});

type Panel = {
  readonly title: string;
  readonly type: string;
  readonly targets: readonly { readonly rawSql: string; readonly format: string }[];
};
type Dashboard = {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly query: string;
      readonly multi: boolean;
    }[];
  };
};

/** What Grafana puts in for its macros and variables. */
function interpolate(sql: string, variables: Readonly<Record<string, readonly string[]>>): string {
  const [from, to] = [new Date(Date.now() - 30 * 86_400_000).toISOString(), new Date().toISOString()];
  const quoted = (values: readonly string[]) =>
    values.map((value) => `'${value.replaceAll("'", "''")}'`).join(',');
  const done = sql
    .replaceAll(/\$__timeFilter\((\w+)\)/g, `$1 between '${from}' and '${to}'`)
    .replaceAll(/\$__timeGroupAlias\((\w+), '1h'\)/g, `floor(extract(epoch from $1) / 3600) * 3600 as "time"`)
    .replaceAll('${__from:date:iso}', from)
    .replaceAll('${__to:date:iso}', to)
    .replaceAll(/\$\{(\w+):sqlstring\}/g, (_, name: string) => quoted(variables[name] ?? []));
  expect(done).not.toContain('$');
  return done;
}

describe.each(readdirSync(new URL('docs/grafana/dashboards', root)))('dashboard %s', (file) => {
  const dashboard = JSON.parse(read(`docs/grafana/dashboards/${file}`)) as Dashboard;

  it.each(dashboard.panels.map((panel) => ({ title: panel.title, panel })))(
    '$title shows something',
    async ({ panel }) => {
      const variables: Record<string, readonly string[]> = {};
      for (const { name, type, query, multi } of dashboard.templating.list) {
        // Data sources are Grafana's to choose.
        if (type === 'datasource') continue;
        const { rows } = await reader.query<Record<string, string>>(interpolate(query, variables));
        const values = rows.map((row) => Object.values(row)[0] ?? '');
        variables[name] = multi ? values : values.slice(0, 1);
      }
      for (const { rawSql, format } of panel.targets) {
        const { rows, fields } = await ask(interpolate(rawSql, variables));
        if (panel.title !== 'Failed runs') expect(rows.length).toBeGreaterThan(0);
        if (format === 'time_series') expect(fields.map(({ name }) => name)).toContain('time');
      }
    },
  );

  it('asks the data source that its variable names, whatever uid Grafana gave it', () => {
    const sources = [
      ...JSON.stringify(dashboard).matchAll(/"type":"grafana-postgresql-datasource","uid":"([^"]*)"/g),
    ];
    expect(sources.length).toBeGreaterThan(dashboard.panels.length);
    expect(new Set(sources.map(([, uid]) => uid))).toEqual(new Set(['${datasource}']));
    expect(dashboard.templating.list[0]).toMatchObject({
      name: 'datasource',
      type: 'datasource',
      query: 'grafana-postgresql-datasource',
    });
  });

  it('is called what the others call it', () => {
    expect(dashboard.uid).toBe(`session-history-${file.replace('.json', '')}`);
  });
});
