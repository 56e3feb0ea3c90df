import type pg from 'pg';
import { orderKey, type Position, type Question } from '../question.ts';
import { sessions } from '../resources/sessions.ts';
import type { Resource } from '../resource.ts';
import { buildCount, buildQuery, type Query } from './build-query.ts';
import { noHints, type Hints } from './hints.ts';
import { leaseConnection } from './lease-connection.ts';
import { readHints } from './query-hints.ts';
import { readRows } from './read-rows.ts';
import { readTime, type RawRow } from './read-values.ts';

export type Page<Made> = {
  readonly rows: readonly Made[];
  /** The key of the last row, when there are more. */
  readonly next: Position | undefined;
  readonly count: number | undefined;
};

/** Of all texts of a page. A page of usual rows has a twentieth of it; one that would have more ends before its limit. */
const mostCharacters = 16_000_000;

/** One page of a list, of what is made of each row; the signal gives it up. Throws the driver's errors, or the signal's reason. */
export async function readPage<Made>(
  pool: pg.Pool,
  resource: Resource,
  question: Question,
  limit: number,
  make: (raw: RawRow) => Made,
  signal: AbortSignal,
): Promise<Page<Made>> {
  const { client, end } = await leaseConnection(pool, signal);
  try {
    const { page, isCut } = await ask(client, resource, question, limit, make);
    end({ isClean: !isCut });
    return page;
  } catch (error) {
    end({ isClean: false });
    signal.throwIfAborted();
    throw error;
  }
}

async function ask<Made>(
  client: pg.ClientBase,
  resource: Resource,
  question: Question,
  limit: number,
  make: (raw: RawRow) => Made,
): Promise<{ readonly page: Page<Made>; readonly isCut: boolean }> {
  const hints = await hintsFor(client, resource, question);
  const { text, values, name } = buildQuery(resource, question, limit + 1, hints);
  const count = await readCount(client, resource, question, hints);
  const rows: Made[] = [];
  let last: RawRow | undefined;
  let seen = 0;
  // Made as they come: all at once at the end, they would keep others waiting.
  const { isCut } = await readRows(client, { text, values, name }, mostCharacters, (raw) => {
    seen += 1;
    if (seen > limit) return;
    rows.push(make(raw));
    last = raw;
  });
  const next = isCut || seen > limit ? readPosition(resource, question, last) : undefined;
  return { page: { rows, next, count }, isCut };
}

/** What the SQL of this question needs to know. */
export function hintsFor(client: pg.ClientBase, resource: Resource, question: Question): Promise<Hints> {
  return resource === sessions ? readHints(client, question) : Promise.resolve(noHints);
}

function readPosition(resource: Resource, { order }: Question, raw: RawRow | undefined): Position {
  return orderKey(resource, order).map(({ type }, index) => {
    const text = raw?.[resource.columns.length + index] ?? '';
    return type === 'timestamp' ? readTime(text) : text;
  });
}

async function readCount(
  client: pg.ClientBase,
  resource: Resource,
  question: Question,
  hints: Hints,
): Promise<number | undefined> {
  switch (question.count) {
    case 'none':
      return undefined;
    case 'exact': {
      const { text, values } = buildCount(resource, question, hints);
      const { rows } = await client.query<{ count: string }>(text, [...values]);
      return Number(rows[0]?.count ?? 0);
    }
    case 'estimated':
      return estimate(client, buildQuery(resource, { ...question, after: undefined }, undefined, hints));
  }
}

type Plan = {
  readonly 'Plan Rows': number;
  /** Of a distributed question: what each shard expects. */
  readonly 'Distributed Query'?: {
    readonly Job?: {
      readonly Tasks?: readonly {
        readonly 'Remote Plan'?: readonly (readonly { readonly Plan: Plan }[])[];
      }[];
    };
  };
  readonly Plans?: readonly Plan[];
};

/** How many rows PostgreSQL expects. */
async function estimate(client: pg.ClientBase, { text, values }: Query): Promise<number> {
  // Of a distributed history each shard is to say; anywhere else the setting means nothing.
  await client.query(`select set_config('citus.explain_all_tasks', 'on', false)`);
  const { rows } = await client.query<{ 'QUERY PLAN': readonly { readonly Plan: Plan }[] }>(
    `explain (format json) ${text}`,
    [...values],
  );
  const plan = rows[0]?.['QUERY PLAN'][0]?.Plan;
  return plan === undefined ? 0 : expectedRows(plan);
}

function expectedRows(plan: Plan): number {
  const distributed = [plan, ...(plan.Plans ?? [])].find((one) => one['Distributed Query'] !== undefined);
  const shards = distributed?.['Distributed Query']?.Job?.Tasks?.flatMap(
    (task) => task['Remote Plan'] ?? [],
  ).flat();
  return shards === undefined
    ? plan['Plan Rows']
    : shards.reduce((all, shard) => all + shard.Plan['Plan Rows'], 0);
}
