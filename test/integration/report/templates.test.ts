import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startSimulator } from '../../../src/simulator/start-simulator.ts';
import { syncOnce } from '../../support/sync-once.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

// The templates without their tools: everything in them that PostgreSQL can judge, it judges.
const folder = fileURLToPath(new URL('../../../docs/templates/', import.meta.url));
const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');
const filesOf = (under: string) =>
  readdirSync(path.join(folder, under), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.includes('.'))
    .map((file) => `${under}/${file.replaceAll('\\', '/')}`);

let database: TestDatabase;
let client: pg.Client;
let types: ReadonlyMap<string, string>;

beforeAll(async () => {
  const em = await startSimulator({ sessions: 1_000, frozen: true });
  database = await createTestDatabase();
  await syncOnce(em.url, database.url);
  await em.close();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<{ column: string; type: string }>(
    `select table_name || '.' || column_name as column, data_type as type from information_schema.columns where table_schema = 'report'`,
  );
  types = new Map(rows.map(({ column, type }) => [column, type]));
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const kindOf = (type: string): string => {
  if (type.startsWith('timestamp') || type === 'date') return 'time';
  return (
    { integer: 'integer', bigint: 'integer', 'double precision': 'double', boolean: 'boolean' }[type] ??
    'text'
  );
};

describe('superset', () => {
  type Dataset = {
    readonly table_name: string;
    readonly schema: string;
    readonly uuid: string;
    readonly database_uuid: string;
    readonly columns: readonly {
      readonly column_name: string;
      readonly type: string;
      readonly is_dttm: boolean;
    }[];
    readonly metrics: readonly { readonly metric_name: string; readonly expression: string }[];
  };
  type Filter = {
    readonly expressionType: 'SIMPLE' | 'SQL';
    readonly subject?: string;
    readonly sqlExpression?: string;
  };
  type Chart = {
    readonly slice_name: string;
    readonly uuid: string;
    readonly dataset_uuid: string;
    readonly params: {
      readonly metric?: string;
      readonly metrics?: readonly (string | { readonly sqlExpression: string })[];
      readonly groupby?: readonly string[];
      readonly all_columns?: readonly string[];
      readonly x_axis?: string;
      readonly adhoc_filters: readonly Filter[];
    };
  };
  const all = new Map(
    filesOf('superset').map((file) => [file, parse(read(file)) as { readonly uuid?: string }]),
  );
  const of = <T>(kind: string) =>
    [...all].filter(([file]) => file.startsWith(`superset/${kind}/`)).map(([, one]) => one as T);
  const datasets = of<Dataset>('datasets');

  it('has datasets whose columns are those of the views, and metrics that PostgreSQL computes', async () => {
    const [home] = of<{ uuid: string; sqlalchemy_uri: string }>('databases');
    expect(home?.sqlalchemy_uri).toContain(':XXXXXXXXXX@');
    for (const one of datasets) {
      expect([one.schema, one.database_uuid]).toEqual(['report', home?.uuid]);
      for (const { column_name: name, type, is_dttm: isTime } of one.columns) {
        const own = types.get(`${one.table_name}.${name}`) ?? 'missing';
        expect([one.table_name, name, type.toLowerCase(), isTime]).toEqual([
          one.table_name,
          name,
          own === 'uuid' ? 'text' : own,
          kindOf(own) === 'time',
        ]);
      }
      for (const { expression } of one.metrics)
        await client.query(`select ${expression} from report.${one.table_name}`);
    }
  });

  it('has charts that PostgreSQL answers, all on the dashboard, and filters on columns there are', async () => {
    const charts = of<Chart>('charts');
    for (const { slice_name: title, dataset_uuid: uuid, params } of charts) {
      const dataset = datasets.find((one) => one.uuid === uuid);
      const columns = [
        ...(params.groupby ?? []),
        ...(params.all_columns ?? []),
        ...(params.x_axis === undefined ? [] : [params.x_axis]),
      ];
      const known = dataset?.columns.map(({ column_name: name }) => name) ?? [];
      expect([title, columns.filter((column) => !known.includes(column))]).toEqual([title, []]);
      const metrics = [
        ...(params.metrics ?? []),
        ...(params.metric === undefined ? [] : [params.metric]),
      ].map((metric) =>
        typeof metric === 'string'
          ? (dataset?.metrics.find((one) => one.metric_name === metric)?.expression ?? `missing ${metric}`)
          : metric.sqlExpression,
      );
      const conditions = params.adhoc_filters.map((filter) =>
        filter.expressionType === 'SQL'
          ? `(${filter.sqlExpression ?? ''})`
          : `${filter.subject ?? ''} is not null`,
      );
      await client.query(
        `select ${[...columns, ...metrics].join(', ')} from report.${dataset?.table_name ?? ''}
         ${conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''}
         ${metrics.length > 0 && columns.length > 0 ? `group by ${columns.join(', ')}` : ''} limit 5`,
      );
    }
    type Dashboard = {
      readonly position: Readonly<
        Record<string, { readonly type?: string; readonly meta?: { readonly uuid?: string } }>
      >;
      readonly metadata: {
        readonly native_filter_configuration: readonly {
          readonly targets: readonly {
            readonly datasetUuid: string;
            readonly column: { readonly name: string };
          }[];
        }[];
      };
    };
    const [dashboard] = of<Dashboard>('dashboards');
    const shown = Object.values(dashboard?.position ?? {}).flatMap(({ type, meta }) =>
      type === 'CHART' ? [meta?.uuid] : [],
    );
    expect([...shown].sort()).toEqual(charts.map(({ uuid }) => uuid).sort());
    for (const { targets } of dashboard?.metadata.native_filter_configuration ?? [])
      for (const { datasetUuid, column } of targets) {
        const dataset = datasets.find(({ uuid }) => uuid === datasetUuid);
        expect(dataset?.columns.map(({ column_name: name }) => name)).toContain(column.name);
      }
  });
});

describe('dbt', () => {
  const models = filesOf('dbt/models').filter((file) => file.endsWith('.sql'));
  const nameOf = (file: string) => path.basename(file, '.sql');
  /** What dbt makes of a model, at its first run or at a later one. */
  const compile = (file: string, isIncremental: boolean) =>
    read(file)
      .replaceAll(/^\{\{\n\s*config\([\s\S]*?^\}\}$/gm, '')
      .replaceAll(/\{% if is_incremental\(\) %\}([\s\S]*?)\{% endif %\}/g, isIncremental ? '$1' : '')
      .replaceAll(/\{\{ source\('report', '(\w+)'\) \}\}/g, 'report.$1')
      .replaceAll(/\{\{ ref\('(\w+)'\) \}\}/g, 'analytics.$1')
      .replaceAll('{{ this }}', `analytics.${nameOf(file)}`);
  const hookOf = (file: string) =>
    /post_hook="([\s\S]*?)"/
      .exec(read(file))?.[1]
      ?.replaceAll(/\{\{ source\('report', '(\w+)'\) \}\}/g, 'report.$1')
      .replaceAll('{{ this }}', `analytics.${nameOf(file)}`);

  it('builds, reads only what changed at a second run, and stays equal to the view', async () => {
    await client.query('create schema analytics');
    const order = models.sort(
      (one, other) => Number(other.includes('staging')) - Number(one.includes('staging')),
    );
    for (const file of order)
      await client.query(
        `create ${file.includes('staging') ? 'view' : 'table'} analytics.${nameOf(file)} as ${compile(file, false)}`,
      );
    const facts = order.find((file) => nameOf(file) === 'fct_runs') ?? '';
    const again = async () => (await client.query<{ run_key: string }>(compile(facts, true))).rows;
    const whole = async () =>
      (await client.query<object>(compile('dbt/tests/fct_runs_is_whole.sql', false))).rows;
    expect([await again(), await whole()]).toEqual([[], []]);
    const { rows: some } = await client.query<{ key: string }>(
      `select run_key as key from analytics.fct_runs where outcome = 'success' order by run_key limit 3`,
    );
    await client.query(
      `update sessions set result = 'Failed', change_number = (select max(change_number) + 1 from sessions)
       where source_id || ':' || session_id = any($1)`,
      [some.map(({ key }) => key)],
    );
    expect((await again()).map((row) => row.run_key).sort()).toEqual(some.map(({ key }) => key));
    // As dbt's delete+insert does it.
    await client.query(`create table analytics.delta as ${compile(facts, true)}`);
    await client.query(
      `delete from analytics.fct_runs where (source_key, session_id) in (select source_key, session_id from analytics.delta)`,
    );
    await client.query(`insert into analytics.fct_runs select * from analytics.delta`);
    expect([await again(), await whole()]).toEqual([[], []]);
    // What it is there for: a row that is not there is found.
    const { rowCount } = await client.query(
      `delete from analytics.fct_runs where run_key = (select min(run_key) from analytics.fct_runs where run_key <> all($1))`,
      [some.map(({ key }) => key)],
    );
    expect([rowCount, (await whole()).length]).toEqual([1, 1]);
  });

  it('takes away the row of a retry that is no run of its own any more', async () => {
    const hook = hookOf('dbt/models/marts/fct_runs.sql') ?? '';
    const before = await client.query('select 1 from analytics.fct_runs');
    expect((await client.query(hook)).rowCount).toBe(0);
    const { rowCount } = await client.query(
      `insert into analytics.fct_runs (source_key, session_id, change_number)
       select source_key, session_id, change_number from report.sessions as retry
       where is_retry and kind = 'computer' and not exists (select 1 from report.runs as run where run.session_id = retry.session_id)`,
    );
    expect(rowCount).toBeGreaterThan(0);
    expect((await client.query(hook)).rowCount).toBe(rowCount);
    expect((await client.query('select 1 from analytics.fct_runs')).rowCount).toBe(before.rowCount);
  });

  it('describes columns that its models have', async () => {
    type Described = {
      readonly models: readonly {
        readonly name: string;
        readonly columns: readonly { readonly name: string }[];
      }[];
    };
    const { models: described } = parse(read('dbt/models/marts/schema.yml')) as Described;
    for (const { name, columns } of described)
      await client.query(
        `select ${columns.map((column) => column.name).join(', ')} from analytics.${name} limit 1`,
      );
    type Semantic = {
      readonly semantic_models: readonly {
        readonly dimensions: readonly { readonly name: string; readonly expr?: string }[];
        readonly entities: readonly { readonly expr: string }[];
        readonly measures: readonly { readonly name: string; readonly expr: string }[];
      }[];
      readonly metrics: readonly {
        readonly type_params: Readonly<Record<string, string>>;
        readonly name: string;
      }[];
    };
    const { semantic_models: semantic, metrics } = parse(read('dbt/models/marts/metrics.yml')) as Semantic;
    const names = new Set(metrics.map(({ name }) => name));
    for (const { dimensions, entities, measures } of semantic) {
      const asked = [
        ...dimensions.map(({ name, expr = name }) => expr),
        ...entities.map(({ expr }) => expr),
        ...measures.map(({ expr }) => expr),
      ];
      await client.query(`select ${asked.join(', ')} from analytics.fct_runs limit 1`);
      for (const measure of measures) names.add(measure.name);
    }
    for (const { type_params: uses } of metrics)
      for (const name of Object.values(uses)) expect(names).toContain(name);
    const { sources } = parse(read('dbt/models/sources.yml')) as {
      readonly sources: readonly { readonly tables: readonly { readonly name: string }[] }[];
    };
    const views = new Set([...types.keys()].map((column) => column.split('.')[0]));
    for (const { name } of sources.flatMap(({ tables }) => tables)) expect(views).toContain(name);
  });
});

describe('power-bi', () => {
  const model = 'power-bi/SessionHistory.SemanticModel/definition';
  const tables = filesOf(`${model}/tables`).map((file) => {
    const text = read(file);
    const name = /^table (\w+)$/m.exec(text)?.[1] ?? '';
    const columns = [...text.matchAll(/^\tcolumn (\w+)\n((?:\t\t.*\n)*)/gm)].map(
      ([, column = '', body = '']) => ({
        column,
        type: /dataType: (\w+)/.exec(body)?.[1] ?? '',
        source: /sourceColumn: (\w+)/.exec(body)?.[1] ?? '',
      }),
    );
    const views = [...text.matchAll(/\[Schema = "report", Item = "(\w+)"\]/g)].map(([, view]) => view);
    const chosen = [...text.matchAll(/Table\.SelectColumns\(\w+, \{([^}]*)\}\)/g)].map(([, list = '']) =>
      list.split(', ').map((one) => one.slice(1, -1)),
    );
    return { name, text, columns, views, chosen };
  });

  it('has a file for the connection', () => {
    const file = JSON.parse(read('power-bi/session-history.pbids')) as unknown;
    expect(file).toMatchObject({
      version: '0.1',
      connections: [
        { details: { protocol: 'postgresql', address: { database: 'session_history' } }, mode: 'Import' },
      ],
    });
    for (const one of filesOf('power-bi').filter((name) => /\.(json|pbip|pbir|pbism)$/.test(name)))
      expect(() => void JSON.parse(read(one))).not.toThrow();
  });

  it('has tables whose columns are those of the views, with their types', () => {
    const kinds: Readonly<Record<string, string>> = {
      time: 'dateTime',
      integer: 'int64',
      double: 'double',
      boolean: 'boolean',
      text: 'string',
    };
    for (const { name, columns, views, chosen } of tables) {
      expect([name, new Set(views).size]).toEqual([name, 1]);
      const [view = ''] = views;
      for (const { column, type, source } of columns)
        expect([name, column, source, type]).toEqual([
          name,
          column,
          column,
          kinds[kindOf(types.get(`${view}.${source}`) ?? 'missing')],
        ]);
      for (const list of chosen) expect([name, list]).toEqual([name, columns.map(({ column }) => column)]);
    }
    const main = read(`${model}/model.tmdl`);
    expect([...main.matchAll(/^ref table (\w+)$/gm)].map(([, name]) => name).sort()).toEqual(
      tables.map(({ name }) => name).sort(),
    );
  });

  it('relates columns there are, many to a key, and measures over columns there are', async () => {
    const has = (reference: string) => {
      const [table, column] = reference.split('.');
      return tables.find(({ name }) => name === table)?.columns.some((one) => one.column === column) === true;
    };
    const relations = [
      ...read(`${model}/relationships.tmdl`).matchAll(/fromColumn: (\S+)\n\ttoColumn: (\S+)/g),
    ];
    expect(relations.length).toBeGreaterThan(3);
    for (const [, from = '', to = ''] of relations) {
      expect([from, to, has(from), has(to)]).toEqual([from, to, true, true]);
      const [table, column = ''] = to.split('.');
      const view = tables.find(({ name }) => name === table)?.views[0] ?? '';
      const { rows } = await client.query(
        `select ${column} from report.${view} group by ${column} having count(*) > 1`,
      );
      expect([to, rows]).toEqual([to, []]);
    }
    for (const { text } of tables)
      for (const [, table = '', column = ''] of text.matchAll(/\b(Runs|Totals|Computers|Servers)\[(\w+)\]/g))
        expect([table, column, has(`${table}.${column}`)]).toEqual([table, column, true]);
  });

  it('refreshes by days that have an index, in partitions bounded on both sides', () => {
    const runs = tables.find(({ name }) => name === 'Runs')?.text ?? '';
    expect(runs).toContain('\trefreshPolicy\n\t\tpolicyType: basic\n');
    expect(
      runs.match(/\[day\] >= Date\.From\(RangeStart\) and \[day\] < Date\.From\(RangeEnd\)/g),
    ).toHaveLength(2);
    for (const name of ['RangeStart', 'RangeEnd'])
      expect(read(`${model}/expressions.tmdl`)).toMatch(
        new RegExp(`^expression ${name} = #datetime\\(.*Type="DateTime"`, 'm'),
      );
  });
});
