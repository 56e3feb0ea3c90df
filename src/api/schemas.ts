import { fieldName } from '../query/field-name.ts';
import { countModes } from '../query/question.ts';
import { mostRows } from '../query/parse-question.ts';
import { longest } from '../query/parse-value.ts';
import type { Column, ColumnType, Filter, Order, Resource } from '../query/resource.ts';
import { exportFormats } from '../export/export-formats.ts';
import { mediaTypes } from '../export/export-rows.ts';
import { problemKinds, type ProblemKind } from './problems.ts';
import { problemType } from './answer-problem.ts';

/** JSON Schema of draft 2020-12, as OpenAPI 3.1 has it. */
export type Schema = Readonly<Record<string, unknown>>;

const jsonTypes = {
  text: { type: 'string' },
  uuid: { type: 'string', format: 'uuid', examples: ['0c5e4d9b-0f8a-4a5c-9d35-6a2c1f0e7a11'] },
  timestamp: { type: 'string', format: 'date-time', examples: ['2026-06-16T06:33:10.659559Z'] },
  date: { type: 'string', format: 'date', examples: ['2026-06-16'] },
  integer: { type: 'integer' },
  bigint: { type: 'integer' },
  double: { type: 'number' },
  boolean: { type: 'boolean' },
} as const satisfies Readonly<Record<ColumnType, Schema>>;

/** A row as an object: camelCase of the report columns. */
export function rowSchema(columns: readonly Column[], more: Readonly<Record<string, Schema>> = {}): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    required: [...columns.map(({ name }) => fieldName(name)), ...Object.keys(more)],
    properties: {
      ...Object.fromEntries(
        columns.map(({ name, type, isNullable, words }) => [
          fieldName(name),
          {
            ...jsonTypes[type],
            ...(isNullable && { type: [jsonTypes[type].type, 'null'] }),
            ...(words !== undefined && { enum: isNullable ? [...words, null] : words }),
          },
        ]),
      ),
      ...more,
    },
  };
}

export function pageSchema({ columns }: Resource): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    required: ['data', 'page'],
    properties: {
      data: { type: 'array', items: rowSchema(columns) },
      page: {
        type: 'object',
        additionalProperties: false,
        required: ['nextCursor', 'limit'],
        properties: {
          nextCursor: { type: ['string', 'null'], description: 'For `cursor`; null on the last page.' },
          limit: { type: 'integer' },
          count: { type: 'integer', description: 'All rows of the question, when `count` asks for it.' },
        },
      },
    },
  };
}

export const problemSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['type', 'title', 'status', 'detail', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['parameter', 'message'],
        properties: { parameter: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};

function problemExample(kind: ProblemKind) {
  const { status, title, help } = problemKinds[kind];
  return {
    type: `/problems/${kind}`,
    title,
    status,
    detail: help.split('. ')[0],
    requestId: '0c5e4d9b-0f8a-4a5c-9d35-6a2c1f0e7a11',
  };
}

/** The answers that are problems, by status; several kinds share one. */
export function problemAnswers(kinds: readonly ProblemKind[]): Readonly<Record<number, Schema>> {
  const byStatus = new Map<number, ProblemKind[]>();
  for (const kind of kinds) {
    const { status } = problemKinds[kind];
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [
      status,
      {
        description: `${ofStatus.map((kind) => problemKinds[kind].title).join('; or: ')}.`,
        content: {
          [problemType]: {
            schema: problemSchema,
            examples: Object.fromEntries(ofStatus.map((kind) => [kind, { value: problemExample(kind) }])),
          },
        },
      },
    ]),
  );
}

/** What every question may run into. */
export const usualProblems = [
  'invalid-parameter',
  'bad-request',
  'unauthorized',
  'misdirected',
  'too-many-requests',
  'headers-too-large',
  'internal',
  'unavailable',
  'query-timeout',
] as const satisfies readonly ProblemKind[];

/** All parameters of a list, for its description; `parseQuestion` is what checks them. */
export function listParameters(resource: Resource): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...Object.fromEntries(resource.filters.map((filter) => [filter.name, filterSchema(filter)])),
      ...(resource.orders !== undefined && { sort: sortSchema(resource.orders) }),
      limit: {
        type: 'integer',
        minimum: 1,
        maximum: mostRows,
        description:
          'Rows of a page, 100 unless said otherwise. Without it, CSV, NDJSON, Parquet and XLSX hold all rows.',
        examples: [100],
      },
      cursor: { type: 'string', minLength: 1, description: '`nextCursor` of the page before.' },
      count: {
        type: 'string',
        enum: countModes,
        default: 'none',
        description: 'Whether to count all rows: `estimated` costs nothing, `exact` counts.',
      },
      format: {
        type: 'string',
        enum: ['json', ...exportFormats],
        description: 'Goes before the header Accept.',
      },
      bom: {
        type: 'boolean',
        default: false,
        examples: [true],
        description: 'With `format=csv`: begin with a byte order mark, by which spreadsheets know UTF-8.',
      },
    },
  };
}

function sortSchema(orders: readonly Order[]): Schema {
  const [usual] = orders;
  return {
    type: 'string',
    enum: orders.flatMap(({ field }) => [field, `-${field}`]),
    default: `${usual?.isDescendingByDefault === true ? '-' : ''}${usual?.field ?? ''}`,
    description: 'The order; a minus means the newest or the largest first.',
  };
}

function filterSchema({ operator, type, words, description, example }: Filter): Schema {
  const one: Schema = {
    ...jsonTypes[type],
    ...(operator !== 'equal' && type === 'timestamp' && { format: undefined }),
    ...(words !== undefined && { enum: words }),
    ...(type === 'text' && words === undefined && { maxLength: longest }),
  };
  const schema = Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined));
  const examples = [type === 'boolean' ? example === 'true' : example];
  return operator === 'equal'
    ? {
        type: 'array',
        items: schema,
        maxItems: 100,
        description: `${description} Several values mean any of them.`,
        examples: [examples],
      }
    : {
        ...schema,
        description:
          type === 'timestamp'
            ? `${description} ISO 8601; a day alone means its midnight in UTC.`
            : description,
        examples,
      };
}

/** A list in all its formats. */
export function listAnswer(resource: Resource): Schema {
  return {
    description: `${resource.title}, in order.`,
    content: {
      'application/json': { schema: pageSchema(resource) },
      ...Object.fromEntries(
        exportFormats.map((format) => [
          mediaTypes[format].split(';')[0],
          {
            schema:
              format === 'csv' || format === 'ndjson'
                ? { type: 'string' }
                : { type: 'string', format: 'binary' },
          },
        ]),
      ),
    },
  };
}
