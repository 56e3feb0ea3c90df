import { usualLimit } from '../parse-question.ts';
import { orderKey, type Condition, type Question } from '../question.ts';
import type { KeyPart, Resource } from '../resource.ts';
import { contains } from './patterns.ts';
import type { Hints } from './hints.ts';
import { splitValues } from './split-values.ts';

export type Query = {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Under this name a connection may keep its plan; undefined: the values decide on the plan. */
  readonly name: string | undefined;
};

/**
 * The SQL of a question: its columns, then those of the key, in the order of the key. Only names from the resource and the
 * limit are part of the text; what else people asked for travels as values.
 */
export function buildQuery(
  asked: Resource,
  question: Question,
  limit: number | undefined,
  hints: Hints,
): Query {
  const resource = relate(asked, question);
  const values: unknown[] = [];
  const value = (one: unknown, type: string) => `$${values.push(one)}::${type}`;
  const key = orderKey(resource, question.order);
  const direction = question.isDescending ? ' desc' : '';
  const end = `order by ${key.map(({ name }) => `${name}${direction}`).join(', ')}${
    // Not as a value, which a kept plan would not know.
    limit === undefined ? '' : `\nlimit ${limit}`
  }`;
  const position = buildPosition(question, key, value);
  const select = `select ${[...resource.columns, ...key].map(({ name }) => name).join(', ')}`;
  const parts = limit === undefined ? [] : splitValues(resource, question, hints);
  if (parts.length > 1) {
    const names = key.map(({ name }) => name).join(', ');
    const arms = parts.map((part) => {
      const where = [...buildWhere(resource, part, part.hints, value), ...position];
      return `(select ${names} from ${resource.relation} as row where ${where.join(' and ')} ${end})`;
    });
    return {
      text: `${select}
from (select * from (
${arms.join('\nunion all\n')}
) as one ${end}) as page
join ${resource.relation} as row using (${names})
${end}`,
      values,
      name: undefined,
    };
  }
  const [whole = { ...question, hints }] = parts;
  const conditions = buildWhere(resource, whole, whole.hints, value);
  const where = [...(resource.grouped === undefined ? conditions : []), ...position];
  return {
    text: `${select}
from ${buildRelation(resource, conditions)} as row
${where.length === 0 ? '' : `where ${where.join('\n  and ')}\n`}${end}`,
    values,
    name: namePlan(resource, question, limit),
  };
}

/**
 * Half of a short question is planning. It is spared where one plan is right for all values: without any, and for one value
 * that is sure to have few rows. Few names, for each connection keeps what it has planned.
 */
function namePlan(
  { name, relation, selective = [] }: Resource,
  { conditions, order, isDescending, after }: Question,
  limit: number | undefined,
): string | undefined {
  const [first, second] = conditions;
  if (after !== undefined || order?.by !== undefined || limit !== usualLimit + 1 || second !== undefined)
    return undefined;
  if (relation !== 'session_rows') return undefined;
  const direction = isDescending ? 'down' : 'up';
  if (first === undefined) return `${name} ${direction}`;
  const { filter, values } = first;
  const isSure =
    selective.includes(filter.column) && values.length === 1 && (values[0] ?? '').length < prefixLength;
  return isSure ? `${name} by ${filter.column} ${direction}` : undefined;
}

function buildPosition(
  { after, isDescending }: Question,
  key: readonly KeyPart[],
  value: Value,
): readonly string[] {
  if (after === undefined) return [];
  const position = key.map(({ type }, index) => value(after[index], sqlTypes[type]));
  const [first] = key;
  const sign = isDescending ? '<' : '>';
  // The second says the same of the first column alone, so that every index that begins with it can start there.
  return [
    `(${key.map(({ name }) => name).join(', ')}) ${sign} (${position.join(', ')})`,
    `${first?.name ?? ''} ${sign}= ${position[0] ?? ''}`,
  ];
}

/** The SQL that counts the rows of a question, whatever page it asks for. */
export function buildCount(asked: Resource, question: Question, hints: Hints): Query {
  const resource = relate(asked, question);
  const values: unknown[] = [];
  const conditions = buildWhere(resource, question, hints, (one, type) => `$${values.push(one)}::${type}`);
  const where = resource.grouped === undefined ? conditions : [];
  return {
    text: `select count(*) from ${buildRelation(resource, conditions)} as row${where.length === 0 ? '' : `\nwhere ${where.join('\n  and ')}`}`,
    values,
    name: undefined,
  };
}

/** Conditions on labels are answered from where labels are joined. */
function relate(resource: Resource, { conditions }: Question): Resource {
  const { labelledRelation } = resource;
  const isAboutLabels = conditions.some(
    ({ filter: { column } }) => column === 'customer' || column === 'site',
  );
  return labelledRelation !== undefined && isAboutLabels
    ? { ...resource, relation: labelledRelation }
    : resource;
}

/** What the rows come from; groups are made of those rows that the conditions choose. */
function buildRelation({ relation, grouped }: Resource, conditions: readonly string[]): string {
  if (grouped === undefined) return relation;
  const where = conditions.length === 0 ? '' : `\n  where ${conditions.join('\n    and ')}`;
  return `(
  select ${grouped.columns}
  from ${relation} as row${where}
  group by ${grouped.by}
)`;
}

/** Characters, as in the migration. */
const prefixLength = 100;

type Value = (one: unknown, type: string) => string;

function buildWhere(
  resource: Resource,
  { conditions }: Pick<Question, 'conditions'>,
  hints: Hints,
  value: Value,
): string[] {
  const { selective = [], prefixIndexed = {} } = resource;
  const isNarrow = conditions.some(
    ({ filter, values }) => selective.includes(filter.column) && values.length === 1,
  );
  const known: Hints = isNarrow ? { ...hints, searched: { many: 'along the time' } } : hints;
  return conditions.flatMap((condition) => {
    const { filter, values } = condition;
    const except = prefixIndexed[filter.column]?.except;
    // What an index of unusual values knows of the usual one would mislead the planner.
    return except !== undefined && (isNarrow || values.includes(except))
      ? [equal(filter.column, values, sqlTypes[filter.type], value)]
      : buildCondition(resource, condition, known, value);
  });
}

function buildCondition(
  { prefixIndexed = {} }: Resource,
  { filter, values }: Condition,
  hints: Hints,
  value: Value,
): string[] {
  const { column, operator } = filter;
  const type = sqlTypes[filter.type];
  const [first = ''] = values;
  switch (operator) {
    case 'equal': {
      const { sourceIds } = hints;
      if (column === 'source' && sourceIds !== undefined)
        return [equal('source_id', sourceIds, 'integer', value)];
      const indexed = prefixIndexed[column];
      if (indexed === undefined) return [equal(column, values, type, value)];
      const prefixes = values.map((one) => Array.from(one).slice(0, prefixLength));
      const prefix = equal(
        `left(${column}, ${prefixLength})`,
        [...new Set(prefixes.map((one) => one.join('')))],
        type,
        value,
      );
      // What is shorter than the prefix equals it only as a whole. Said twice, the planner would expect hardly any rows; but
      // that an index of unusual values has them all, it sees from the column alone.
      const isExact = indexed.except === undefined && prefixes.every((one) => one.length < prefixLength);
      return isExact ? [prefix] : [prefix, equal(column, values, type, value)];
    }
    case 'from': {
      const bound = value(first, type);
      // What ends from then on has begun since then, less the longest duration there is.
      const begun =
        column === 'ended_at' && hints.durations !== undefined
          ? [
              `created_at >= ${bound} - ${value(hints.durations.mostSeconds, 'double precision')} * interval '1 second'`,
            ]
          : [];
      return [`${column} >= ${bound}`, ...begun];
    }
    case 'to': {
      const bound = value(first, type);
      const begun =
        column === 'ended_at' && hints.durations !== undefined
          ? [
              `created_at < ${bound} - ${value(hints.durations.leastSeconds, 'double precision')} * interval '1 second'`,
            ]
          : [];
      return [`${column} < ${bound}`, ...begun];
    }
    case 'search': {
      // What separates the names in one text is part of none of them.
      if (first.includes('\x01')) return ['false'];
      const contained = `${column} ilike ${value(contains(first), 'text')}`;
      const { searched } = hints;
      const isWalked = searched !== undefined && 'many' in searched && searched.many === 'along the time';
      // No index has this, and the planner takes it for half of the rows.
      return [isWalked ? `coalesce(${contained}, false)` : contained];
    }
  }
}

/** One value is compared as one: only then is the index known to give the order. */
function equal(column: string, values: readonly unknown[], type: string, value: Value): string {
  return values.length === 1
    ? `${column} = ${value(values[0], type)}`
    : `${column} = any(${value(values, `${type}[]`)})`;
}

const sqlTypes = {
  text: 'text',
  uuid: 'uuid',
  timestamp: 'timestamptz',
  date: 'date',
  integer: 'integer',
  bigint: 'bigint',
  double: 'double precision',
  boolean: 'boolean',
} as const;
