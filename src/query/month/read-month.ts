import type pg from 'pg';
import type { Column, ColumnType } from '../resource.ts';
import type { Row, Value } from '../row.ts';
import { leaseConnection } from '../sql/lease-connection.ts';
import { rawTypes, valueReader, type RawRow } from '../sql/read-values.ts';
import * as statements from './month-statements.ts';

/** Milliseconds that one of its statements may take. */
const statementMs = 300_000;

type Shape = Readonly<Record<string, ColumnType | `${ColumnType}?`>>;
type TypeOf<T extends string> = T extends 'integer' | 'bigint' | 'double'
  ? number
  : T extends 'boolean'
    ? boolean
    : string;
type RowOf<S extends Shape> = {
  readonly [Name in keyof S]: S[Name] extends `${infer T}?` ? TypeOf<T> | null : TypeOf<S[Name]>;
};

const outcomes = {
  runs: 'bigint',
  success: 'bigint',
  warning: 'bigint',
  failed: 'bigint',
  undecided: 'bigint',
  retries: 'bigint',
} as const;
const dayShape = { day: 'date', ...outcomes } as const;
const policyShape = { source: 'text', policy_name: 'text', ...outcomes } as const;
const computerShape = {
  source: 'text',
  computer: 'text',
  customer: 'text?',
  site: 'text?',
  policy_name: 'text?',
  runs: 'bigint',
  succeeded: 'bigint',
  failed: 'bigint',
  last_success_at: 'timestamp?',
  age_hours: 'double?',
  agreed_hours: 'double',
  is_agreed: 'boolean',
  is_muted: 'boolean',
  state: 'text',
} as const;
const reasonShape = {
  reason: 'text',
  runs: 'bigint',
  computers: 'bigint',
  first_at: 'timestamp',
  last_at: 'timestamp',
  examples: 'text?',
} as const;
const failureShape = {
  source: 'text',
  computer: 'text?',
  customer: 'text?',
  site: 'text?',
  policy_name: 'text?',
  started_at: 'timestamp',
  ended_at: 'timestamp?',
  attempts: 'integer',
  failure_reason: 'text?',
  last_session_id: 'uuid',
} as const;
const stretchShape = {
  source: 'text',
  from_at: 'timestamp',
  to_at: 'timestamp',
  is_covered: 'boolean',
} as const;
const sourceShape = {
  source: 'text',
  covered_from: 'timestamp?',
  last_read_at: 'timestamp?',
  sync_runs: 'bigint',
  failed_sync_runs: 'bigint',
  unreadable: 'bigint',
  unfetched: 'bigint',
  tasks: 'bigint',
} as const;

/** A table of the report, for those who show it and those who write it into a workbook. */
type Table<S extends Shape> = {
  readonly columns: readonly Column[];
  readonly rows: readonly RowOf<S>[];
};

export type MonthReport = {
  /** Of `2026-10`. */
  readonly month: string;
  /** null: everybody's. */
  readonly customer: string | null;
  readonly madeAt: string;
  /** What ages and coverage speak of: the end of the month, or now while it lasts. */
  readonly asOf: string;
  readonly days: Table<typeof dayShape>;
  /** The days of the month before, to compare with. */
  readonly daysBefore: Table<typeof dayShape>;
  readonly policies: Table<typeof policyShape>;
  /** What needs attention first. */
  readonly computers: Table<typeof computerShape>;
  readonly reasons: Table<typeof reasonShape>;
  readonly failures: Table<typeof failureShape>;
  /** Creation times within the month that were read whole, or not. */
  readonly stretches: Table<typeof stretchShape>;
  readonly sources: Table<typeof sourceShape>;
};

/** A month's figures, all of one moment. Resolves to the customers there are, when there is none of that name. */
export async function readMonth(
  pool: pg.Pool,
  { month, customer }: { readonly month: string; readonly customer: string | null },
  signal: AbortSignal,
): Promise<MonthReport | { readonly customers: readonly string[] }> {
  const { client, end } = await leaseConnection(pool, signal);
  let isClean = false;
  try {
    await client.query('begin isolation level repeatable read, read only');
    await client.query(`set local statement_timeout = ${statementMs}`);
    const range = [firstDay(month, 0), firstDay(month, 1), customer];
    const before = [firstDay(month, -1), firstDay(month, 0), customer];
    const ask = <S extends Shape>(shape: S, text: string, values: readonly unknown[] = range) =>
      readTable(client, shape, text, values);
    if (customer !== null) {
      const { rows } = await ask({ customer: 'text' }, statements.customerStatement, []);
      const customers = rows.map((row) => row.customer);
      if (!customers.includes(customer)) return { customers };
    }
    const moment = await ask(
      { made_at: 'timestamp', as_of: 'timestamp' } as const,
      statements.momentStatement,
    );
    const report = {
      month,
      customer,
      madeAt: moment.rows[0]?.made_at ?? '',
      asOf: moment.rows[0]?.as_of ?? '',
      days: await ask(dayShape, statements.dayStatement),
      daysBefore: await ask(dayShape, statements.dayStatement, before),
      policies: await ask(policyShape, statements.policyStatement),
      computers: await ask(computerShape, statements.computerStatement),
      reasons: await ask(reasonShape, statements.reasonStatement),
      failures: await ask(failureShape, statements.failureStatement),
      stretches: await ask(stretchShape, statements.stretchStatement),
      sources: await ask(sourceShape, statements.sourceStatement),
    };
    await client.query('commit');
    isClean = true;
    return report;
  } finally {
    end({ isClean });
  }
}

/** The first day of the month so many months on. */
function firstDay(month: string, on: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number - 1 + on, 1)).toISOString().slice(0, 10);
}

async function readTable<S extends Shape>(
  client: pg.ClientBase,
  shape: S,
  text: string,
  values: readonly unknown[],
): Promise<Table<S>> {
  const columns = Object.entries(shape).map(([name, type]): Column => {
    const isNullable = type.endsWith('?');
    return { name, type: type.replace('?', '') as ColumnType, isNullable };
  });
  const config: pg.QueryArrayConfig & { query_timeout: number } = {
    text,
    values: [...values],
    rowMode: 'array',
    types: rawTypes,
    query_timeout: statementMs + 10_000,
  };
  const { rows, fields } = await client.query(config);
  const toRow = valueReader(
    fields.map(({ name }) => columns.find((column) => column.name === name) ?? { type: 'text' }),
  );
  return {
    columns,
    rows: (rows as unknown as RawRow[]).map((raw) => {
      const row = toRow(raw);
      return Object.fromEntries(fields.map(({ name }, index) => [name, row[index] ?? null])) as RowOf<S>;
    }),
  };
}

/** Any of the tables, for those who do not care which. */
export type AnyTable = {
  readonly columns: readonly Column[];
  readonly rows: readonly Readonly<Record<string, Value>>[];
};

/** The rows as writers of files take them. */
export function rowsOf({ columns, rows }: AnyTable): readonly Row[] {
  return rows.map((row) => columns.map(({ name }) => row[name] ?? null));
}
