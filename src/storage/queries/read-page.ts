import type pg from 'pg';
import { orderKey, type Position, type Question } from '../../query/question.ts';
import { sessions } from '../../query/resources/sessions.ts';
import type { Resource } from '../../query/resource.ts';
import type { Row } from '../../query/row.ts';
import { buildCount, buildQuery, type Hints, type Query } from './build-query.ts';
import { noHints, readHints } from './query-hints.ts';
import { rawTypes, readTime, valueReader, type RawRow } from './read-values.ts';

export type Page = {
  readonly rows: readonly Row[];
  /** The key of the last row, when there are more. */
  readonly next: Position | undefined;
  readonly count: number | undefined;
};

/** One page of a list. Throws the driver's errors. */
export async function readPage(
  pool: pg.Pool,
  resource: Resource,
  question: Question,
  limit: number,
): Promise<Page> {
  const hints = await hintsFor(pool, resource, question);
  const { text, values } = buildQuery(resource, question, limit + 1, hints);
  const { rows: raw } = await pool.query<RawRow[]>({
    text,
    values: [...values],
    rowMode: 'array',
    types: rawTypes,
  });
  const count = await readCount(pool, resource, question, hints);
  const toRow = valueReader(resource.columns);
  const shown = raw.slice(0, limit) as unknown as RawRow[];
  return {
    rows: shown.map(toRow),
    next: raw.length > limit ? readPosition(resource, question, shown.at(-1)) : undefined,
    count,
  };
}

/** What the SQL of this question needs to know. */
export function hintsFor(pool: pg.Pool, resource: Resource, question: Question): Promise<Hints> {
  return resource === sessions ? readHints(pool, question) : Promise.resolve(noHints);
}

function readPosition(resource: Resource, { order }: Question, raw: RawRow | undefined): Position {
  return orderKey(resource, order).map(({ type }, index) => {
    const text = raw?.[resource.columns.length + index] ?? '';
    return type === 'timestamp' ? readTime(text) : text;
  });
}

async function readCount(
  pool: pg.Pool,
  resource: Resource,
  question: Question,
  hints: Hints,
): Promise<number | undefined> {
  switch (question.count) {
    case 'none':
      return undefined;
    case 'exact': {
      const { text, values } = buildCount(resource, question, hints);
      const { rows } = await pool.query<{ count: string }>(text, [...values]);
      return Number(rows[0]?.count ?? 0);
    }
    case 'estimated':
      return estimate(pool, buildQuery(resource, { ...question, after: undefined }, undefined, hints));
  }
}

/** How many rows PostgreSQL expects. */
async function estimate(pool: pg.Pool, { text, values }: Query): Promise<number> {
  type Explained = { 'QUERY PLAN': readonly { readonly Plan: { readonly 'Plan Rows': number } }[] };
  const { rows } = await pool.query<Explained>(`explain (format json) ${text}`, [...values]);
  return rows[0]?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0;
}
