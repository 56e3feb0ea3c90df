import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { parse } from 'csv-parse/sync';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAwkwardDatabase } from '../../support/awkward-database.ts';
import { readWorkbook } from '../../support/read-workbook.ts';
import { runHere } from '../../support/run-here.ts';
import { startApi, walk, type RunningApi } from '../../support/start-api.ts';
import { makeTemporaryFolder } from '../../support/temporary-folder.ts';
import type { TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
let api: RunningApi;

beforeAll(async () => {
  database = await createAwkwardDatabase();
  // Sizes that a JavaScript number cannot hold, and nothing that follows from them.
  await database.query(`update sessions set processed_bytes = 9223372036854775807 where is_retry`);
  api = await startApi({ DATABASE_URL: database.url });
});
afterAll(async () => {
  await api.service.stop();
  await database.drop();
});

type Column = { readonly name: string; readonly type: string };

const columnsOf = (view: string) =>
  database.query<Column>(
    `select column_name as name, data_type as type from information_schema.columns
     where table_schema = 'report' and table_name = $1 order by ordinal_position`,
    [view],
  );

/** The view's rows, each value as the text that CSV should have. */
async function stored(view: string, where = 'true', order = 'created_at, session_id') {
  const columns = (await columnsOf(view)).map(({ name, type }) => {
    if (type.startsWith('timestamp'))
      return `to_char(${name} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ${name}`;
    return `${name}::text as ${name}`;
  });
  return database.query<Record<string, string | null>>(
    `select ${columns.join(', ')} from report.${view} where ${where} order by ${order}`,
  );
}

const bytesOf = async (address: string, init?: RequestInit) => {
  const answer = await api.ask(address, init);
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
};
const readParquet = (bytes: Buffer) => {
  const file = new Uint8Array(bytes).buffer;
  return { metadata: parquetMetadata(file), rows: () => parquetReadObjects({ file, utf8: false }) };
};

describe('csv', () => {
  it('holds every row of report.sessions, as a CSV library reads it', async () => {
    const bytes = await bytesOf('/api/v1/sessions?format=csv&sort=createdAt');
    const rows = parse(bytes, { columns: true, relax_quotes: false });
    const expected = (await stored('sessions')).map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          // What a spreadsheet would run is led by an apostrophe.
          value === null ? '' : (/^[=+\-@\t\r]/.test(value) ? `'${value}` : value).replaceAll(';--', ";'--"),
        ]),
      ),
    );
    expect(rows).toEqual(expected);
    expect(expected.some(({ job_name: name }) => name?.startsWith("'=cmd"))).toBe(true);
    expect(Object.keys(rows[0] ?? {})).toEqual((await columnsOf('sessions')).map(({ name }) => name));
  });

  it('begins with a byte order mark when asked to, and only then', async () => {
    const plain = await bytesOf('/api/v1/sessions?format=csv&outcome=failed');
    const marked = await bytesOf('/api/v1/sessions?format=csv&outcome=failed&bom=true');
    expect(marked.equals(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), plain]))).toBe(true);
    expect((await bytesOf('/api/v1/sessions?format=csv&outcome=failed&bom=false')).equals(plain)).toBe(true);
    for (const [query, message] of [
      ['format=csv&bom=yes', 'is neither true nor false'],
      ['format=ndjson&bom=true', 'goes with format=csv only'],
    ] as const) {
      const answer = await api.ask(`/api/v1/sessions?${query}`);
      expect([answer.status, await answer.json()]).toMatchObject([
        400,
        { errors: [{ parameter: 'bom', message }] },
      ]);
    }
  });

  it('says what it is', async () => {
    const answer = await api.ask('/api/v1/sessions', { headers: { accept: 'text/csv' } });
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="sessions.csv"');
    await answer.body?.cancel();
  });
});

it('ndjson has the objects of json', async () => {
  const lines = (await bytesOf('/api/v1/sessions?format=ndjson')).toString('utf8').trimEnd().split('\n');
  const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(rows).toEqual(await walk(api, '/api/v1/sessions', 1_000));
  expect(lines.some((line) => line.includes('"processedBytes":9223372036854775807,'))).toBe(true);
});

describe('parquet', () => {
  it('holds every row, with the types of the columns, as another reader reads it', async () => {
    const { metadata, rows } = readParquet(await bytesOf('/api/v1/sessions?format=parquet&sort=createdAt'));
    const types = Object.fromEntries(
      metadata.schema.slice(1).map((element) => [element.name, [element.type, element.logical_type?.type]]),
    );
    const columns = await columnsOf('sessions');
    expect(Object.keys(types)).toEqual(columns.map(({ name }) => name));
    expect(types).toMatchObject({
      session_id: ['FIXED_LEN_BYTE_ARRAY', 'UUID'],
      created_at: ['INT64', 'TIMESTAMP'],
      is_retry: ['BOOLEAN', undefined],
      progress: ['INT32', undefined],
      processed_bytes: ['INT64', undefined],
      duration_seconds: ['DOUBLE', undefined],
    });
    expect(metadata.schema.find(({ name }) => name === 'created_at')?.logical_type).toEqual({
      type: 'TIMESTAMP',
      isAdjustedToUTC: true,
      unit: 'MICROS',
    });
    expect(metadata.schema.find(({ name }) => name === 'day')).toMatchObject({
      type: 'INT32',
      converted_type: 'DATE',
    });
    // Microseconds by SQL: a Date of JavaScript would drop three digits.
    const select = columns.map(({ name, type }) =>
      type.startsWith('timestamp')
        ? `(extract(epoch from date_trunc('second', ${name}))::bigint * 1000000 + to_char(${name}, 'US')::bigint)::text as ${name}`
        : `${name}::text as ${name}`,
    );
    const expected = await database.query(
      `select ${select.join(', ')} from report.sessions order by created_at, session_id`,
    );
    const file = new Uint8Array(await bytesOf('/api/v1/sessions?format=parquet&sort=createdAt')).buffer;
    const raw = await parquetReadObjects({
      file,
      parsers: {
        timestampFromMilliseconds: (value: bigint) => value,
        timestampFromMicroseconds: (value: bigint) => value,
      },
    });
    expect(raw.map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, textOf(v)])))).toEqual(
      expected,
    );
    expect(await rows()).toHaveLength(expected.length);
  });

  it('is a whole file when there is nothing to put in', async () => {
    const { metadata, rows } = readParquet(await bytesOf('/api/v1/sessions?format=parquet&source=nowhere'));
    const columns = await columnsOf('sessions');
    expect(metadata.schema.slice(1).map(({ name }) => name)).toEqual(columns.map(({ name }) => name));
    expect([Number(metadata.num_rows), await rows()]).toEqual([0, []]);
  });
});

describe('xlsx', () => {
  it('holds every row of report.sessions: dates as Excel counts them, no name as a formula', async () => {
    const [sheet, ...more] = readWorkbook(await bytesOf('/api/v1/sessions?format=xlsx&sort=createdAt'));
    expect([sheet?.name, more]).toEqual(['sessions', []]);
    const columns = await columnsOf('sessions');
    const select = columns.map(({ name, type }) => {
      if (type === 'boolean') return `${name}::integer::text as ${name}`;
      if (type === 'date') return `(${name} - '1899-12-30')::text as ${name}`;
      if (!type.startsWith('timestamp')) return `${name}::text as ${name}`;
      return `round(extract(epoch from ${name} - '1899-12-30Z'), 3)::text as ${name}`;
    });
    const expected = await database.query<Record<string, string | null>>(
      `select ${select.join(', ')} from report.sessions order by created_at, session_id`,
    );
    const [header = [], ...rows] = sheet?.rows ?? [];
    expect(header.map(({ text }) => text)).toEqual(columns.map(({ name }) => name));
    const read = rows.map((row) =>
      Object.fromEntries(
        columns.map(({ name, type }, index) => {
          const cell = row[index];
          if (cell === undefined || cell.kind === 'empty') return [name, null];
          // To a millisecond, as its format shows them.
          const isTime = type.startsWith('timestamp');
          return [name, isTime ? (Number(cell.text) * 86_400).toFixed(3) : cell.text];
        }),
      ),
    );
    expect(read).toEqual(expected);
    const kinds = (name: string) => {
      const index = columns.findIndex((column) => column.name === name);
      return [...new Set(rows.map((row) => row[index]?.kind ?? 'empty'))].sort();
    };
    expect([kinds('created_at'), kinds('day'), kinds('is_retry')]).toEqual([
      ['number'],
      ['number'],
      ['boolean'],
    ]);
    // Some sizes have more digits than Excel keeps.
    expect(kinds('processed_bytes')).toContain('text');
    const names = rows.map((row) => row[columns.findIndex(({ name }) => name === 'job_name')]);
    expect(names.some((cell) => cell?.kind === 'text' && cell.text.startsWith('=cmd'))).toBe(true);
    expect(sheet?.xml).not.toMatch(/<f[ >]/);
  });

  it('says what it is', async () => {
    const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
    const answer = await api.ask('/api/v1/jobs', { headers: { accept: type } });
    expect(answer.headers.get('content-type')).toBe(type);
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="jobs.xlsx"');
    await answer.body?.cancel();
  });
});

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return (value as string | number | bigint | boolean).toString();
}

it.each([
  '/jobs',
  '/computers',
  '/servers',
  '/reports/daily-outcomes',
  '/reports/overdue',
  '/sources',
  '/sync-runs',
])('%s comes in every format with the same rows', async (list) => {
  const json = await walk(api, `/api/v1${list}`, 1_000);
  const csv = parse<Record<string, string>>(await bytesOf(`/api/v1${list}?format=csv`), { columns: true });
  const ndjson = (await bytesOf(`/api/v1${list}?format=ndjson`)).toString('utf8').split('\n').slice(0, -1);
  const parquet = await readParquet(await bytesOf(`/api/v1${list}?format=parquet`)).rows();
  const [sheet, ...more] = readWorkbook(await bytesOf(`/api/v1${list}?format=xlsx`));
  const [header = [], ...xlsx] = sheet?.rows ?? [];
  expect([json.length > 0, more]).toEqual([true, []]);
  expect([csv.length, ndjson.length, parquet.length, xlsx.length]).toEqual(
    [json, json, json, json].map(({ length }) => length),
  );
  expect(header.map(({ text }) => text)).toEqual(Object.keys(csv[0] ?? {}));
  const camel = (name: string) => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  expect(Object.keys(parquet[0] ?? {})).toEqual(Object.keys(csv[0] ?? {}));
  expect(Object.keys(csv[0] ?? {}).map(camel)).toEqual(Object.keys(json[0] ?? {}));
});

it('streams as many rows as the filter has, or as `limit` says', async () => {
  const some = parse(await bytesOf('/api/v1/sessions?format=csv&limit=7&outcome=failed'), { columns: true });
  expect(some).toHaveLength(7);
});

/** Runs with more rows in the history than the buffers between it and a client can swallow. */
async function withManyRows(job: string, run: (query: string) => Promise<void>): Promise<void> {
  // Nobody looks at their figures: without triggers it takes a second.
  const write = (sql: string) =>
    database.query(`begin; set local session_replication_role = replica; ${sql}; commit`);
  await write(
    `insert into sessions (source_id, session_id, session_name, kind, is_retry, created_at, job_name)
     select 1, gen_random_uuid(), repeat('long ', 200), 'other', false, '2020-01-01', '${job}'
     from generate_series(1, 30000)`,
  );
  await run(`job=${encodeURIComponent(job)}`);
  await write(`delete from sessions where job_name = '${job}'`);
  expect(api.service.lines.filter(({ level }) => level === 'error')).toEqual([]);
}

const busy = () =>
  database.query<{ pid: number; state: string; since: string }>(
    `select pid, state, query_start::text as since from pg_stat_activity
     where datname = current_database() and application_name = 'session-history api' and state <> 'idle'`,
  );

async function beginDownload(address: string) {
  const request = http.get(`${api.url}${address}`);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  await once(response, 'readable');
  return { request, response };
}

it('frees the connection of a client that hangs up in the middle', async () => {
  await withManyRows('hang up', async (query) => {
    for (const format of ['csv', 'ndjson', 'parquet', 'xlsx', 'csv', 'csv']) {
      const { request } = await beginDownload(`/api/v1/sessions?format=${format}&${query}`);
      await expect.poll(busy).toHaveLength(1);
      request.destroy();
      await expect.poll(busy).toEqual([]);
    }
  });
});

it('makes one download of a connection at a time, and forgets all of a client that hung up', async () => {
  await withManyRows('at once', async (query) => {
    const { hostname, port } = new URL(api.url);
    const question = `GET /api/v1/sessions?format=ndjson&${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    for (let client = 0; client < 2; client += 1) {
      const sockets = [1, 2].map(() => net.connect(Number(port), hostname));
      for (const socket of sockets) socket.write(question.repeat(4));
      await expect.poll(busy).toHaveLength(2);
      for (const socket of sockets) socket.destroy();
      await expect.poll(busy).toEqual([]);
    }
    expect((await api.ask('/api/v1/sessions?format=csv&limit=1')).status).toBe(200);
  });
});

it('outlives the database connection of a client that pauses', async () => {
  await withManyRows('pause', async (query) => {
    const { response } = await beginDownload(`/api/v1/sessions?format=ndjson&${query}`);
    // Buffers are full when it fetches nothing more.
    let seen: unknown = undefined;
    const isPaused = async () => {
      const [download] = await busy();
      const isSame = download?.state === 'idle in transaction' && download.since === seen;
      seen = download?.since;
      return isSame;
    };
    await expect.poll(isPaused, { interval: 250 }).toBe(true);
    // As the database does when the pause is too long.
    await database.query('select pg_terminate_backend($1::integer)', [(await busy())[0]?.pid]);
    await expect.poll(busy).toEqual([]);
    const read = async () => {
      for await (const chunk of response) expect(chunk).toBeInstanceOf(Buffer);
    };
    // Nobody takes what arrived for the whole.
    await expect(read()).rejects.toThrow('aborted');
    expect((await api.ask('/api/v1/sources')).status).toBe(200);
  });
});

describe('export', () => {
  it.each(['csv', 'ndjson', 'parquet', 'xlsx'])('writes the %s of the API', async (format) => {
    const filters = ['--outcome', 'failed', '--outcome', 'warning', '--created-from', '2026-10-05T01:00Z'];
    const { path } = makeTemporaryFolder('export');
    const file = `${path}/sessions.${format}`;
    const result = await runHere(['export', '--format', format, ...filters, '--out', file], {
      DATABASE_URL: database.url,
    });
    expect([result.code, result.stdout]).toEqual([0, '']);
    const bytes = await bytesOf(
      `/api/v1/sessions?format=${format}&outcome=failed&outcome=warning&createdFrom=2026-10-05T01:00Z`,
    );
    expect(readFileSync(file).equals(bytes)).toBe(true);
    const { rows } = (
      await database.query<{ rows: number }>(
        `select count(*)::int as rows from report.sessions where outcome in ('failed', 'warning') and created_at >= '2026-10-05 01:00Z'`,
      )
    )[0] ?? { rows: -1 };
    expect(result.stderr).toBe(`${rows} sessions in ${file}\n`);
  });

  it('writes the byte order mark of the API', async () => {
    const { path } = makeTemporaryFolder('export');
    const file = `${path}/sessions.csv`;
    const args = ['export', '--format', 'csv', '--bom', '--outcome', 'failed', '--out', file];
    expect((await runHere(args, { DATABASE_URL: database.url })).code).toBe(0);
    const bytes = await bytesOf('/api/v1/sessions?format=csv&outcome=failed&bom=true');
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it('writes to standard output', async () => {
    const { stdout, stderr, code } = await runHere(['export', '--format', 'csv', '--sort', 'createdAt'], {
      DATABASE_URL: database.url,
    });
    expect(code).toBe(0);
    expect(stdout).toBe((await bytesOf('/api/v1/sessions?format=csv&sort=createdAt')).toString('utf8'));
    expect(stderr).toMatch(/^[\d,]+ sessions\n$/);
  });

  it.each([
    [['--format', 'csv', '--kind', 'Computer'], '--kind is none of job, computer, other.'],
    [['--format', 'csv', '--created-from', 'yesterday'], '--created-from is no time such as'],
    [['--format', 'csv', '--out', '/nowhere/at/all'], '--out /nowhere/at/all cannot be written'],
    [['--format', 'xls'], "argument 'xls' is invalid"],
    [['--format', 'xlsx', '--bom'], '--bom goes with --format csv only.'],
    [[], "'--format <format>' not specified"],
  ])('says what is wrong with %j', async (args, message) => {
    const { code, stdout, stderr } = await runHere(['export', ...args], { DATABASE_URL: database.url });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
