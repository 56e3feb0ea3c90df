import { computers } from '../query/resources/computers.ts';
import { jobs } from '../query/resources/jobs.ts';
import { sessions } from '../query/resources/sessions.ts';
import { syncRuns } from '../query/resources/sync-runs.ts';
import { taskColumns } from '../query/resources/task-columns.ts';
import { nextCursorHeader } from './answer-changes.ts';
import { labelSchema, mostLabels } from './answer-labels.ts';
import { problemAnswers, rowSchema, usualProblems, type Schema } from './schemas.ts';

const bySource: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    source: {
      type: 'string',
      description: 'Needed only where several sources have it.',
      examples: ['headquarters'],
    },
  },
};
const parameter = (name: string, format: 'uuid' | undefined, example: string): Schema => ({
  type: 'object',
  required: [name],
  properties: { [name]: { type: 'string', ...(format && { format }), examples: [example] } },
});
const anId = '0c5e4d9b-0f8a-4a5c-9d35-6a2c1f0e7a11';

/** The answer of every address that is asked with an ETag. */
export const unchanged = {
  304: { description: 'Nothing was synced since: the answer is the one of that ETag.', type: 'null' },
};

export const changesSchema = {
  tags: ['History'],
  summary: 'Sessions that changed since a cursor',
  operationId: 'list-changes',
  description:
    'A feed: each session comes again whenever it changed, those of a source in the order of its commits. Keep `nextCursor` and ' +
    'ask again with it, for ever: nothing is missed, whatever is written meanwhile. Tell sessions apart by source and sessionId.',
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      after: {
        type: 'string',
        examples: [''],
        description: '`nextCursor` of an earlier answer; empty: from the beginning.',
      },
      limit: { type: 'integer', minimum: 1, maximum: 1_000, examples: [100] },
      format: { type: 'string', enum: ['json', 'ndjson'] },
    },
  },
  response: {
    200: {
      description: 'A page, or all that changed as NDJSON; a page without rows: that is all for now.',
      headers: {
        [nextCursorHeader]: { schema: { type: 'string' }, description: '`nextCursor`, for NDJSON.' },
      },
      content: {
        'application/json': {
          schema: {
            type: 'object',
            additionalProperties: false,
            required: ['data', 'page'],
            properties: {
              data: { type: 'array', items: rowSchema(sessions.columns) },
              page: {
                type: 'object',
                additionalProperties: false,
                required: ['nextCursor', 'limit'],
                properties: { nextCursor: { type: 'string' }, limit: { type: 'integer' } },
              },
            },
          },
        },
        'application/x-ndjson': { schema: { type: 'string' } },
      },
    },
    ...unchanged,
    ...problemAnswers(usualProblems),
  },
};

const place = Object.fromEntries(
  ['source', 'server', 'job', 'computer', 'name'].map((name) => [
    name,
    { type: 'string', examples: ['headquarters'] },
  ]),
);
const ofLabels = (summary: string, operationId: string) => ({
  tags: ['Labels'],
  summary,
  operationId,
  querystring: { type: 'object', additionalProperties: false, properties: place },
});

const changed = {
  response: {
    200: {
      description: 'All of them, or none, are changed.',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            additionalProperties: false,
            required: ['changed'],
            properties: {
              changed: { type: 'integer', description: 'Things whose labels were changed.' },
            },
          },
        },
      },
    },
    ...problemAnswers([...usualProblems, 'forbidden', 'too-large']),
  },
};

export const putLabelsSchema = {
  ...ofLabels('Sets labels', 'put-labels'),
  querystring: { type: 'object', additionalProperties: false, properties: {} },
  description:
    'Each is on the innermost thing it names: a computer, a job, a server or a source. Needs scope operate.',
  body: { type: 'array', maxItems: mostLabels, items: labelSchema },
  ...changed,
};

export const deleteLabelsSchema = {
  ...ofLabels('Takes labels away', 'delete-labels'),
  description: 'Of the innermost thing named; without `name`, all it has. Needs scope operate.',
  ...changed,
};

/** Of an address that answers with one row. */
const one = (tag: string, name: string, summary: string, params: Schema, row: Schema) => ({
  tags: [tag],
  summary,
  operationId: `get-${name}`,
  params,
  querystring: bySource,
  response: {
    200: { description: summary, content: { 'application/json': { schema: row } } },
    ...unchanged,
    ...problemAnswers([...usualProblems, 'not-found', 'ambiguous']),
  },
});

const session = rowSchema(sessions.columns);

export const sessionSchema = one(
  'History',
  'session',
  'A session with its parent, children and tasks',
  parameter('id', 'uuid', anId),
  rowSchema(sessions.columns, {
    parent: { anyOf: [session, { type: 'null' }] },
    children: { type: 'array', items: session },
    tasks: { type: 'array', items: rowSchema(taskColumns) },
  }),
);

export const jobSchema = one(
  'History',
  'job',
  'A job',
  parameter('id', 'uuid', anId),
  rowSchema(jobs.columns),
);

export const computerSchema = one(
  'History',
  'computer',
  'A computer',
  parameter('name', undefined, 'SQL-BER-30007'),
  rowSchema(computers.columns),
);

export const syncRunSchema = one(
  'Sync',
  'sync-run',
  'A run of the sync',
  parameter('runId', 'uuid', anId),
  rowSchema(syncRuns.columns),
);

export const accessSchema = {
  tags: ['Sync'],
  summary: 'What the key may do',
  operationId: 'get-access',
  response: {
    200: {
      description: 'The request may read.',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            additionalProperties: false,
            required: ['scope', 'isKeyNeeded', 'sources', 'customers'],
            properties: {
              scope: { type: 'string', enum: ['read', 'operate'] },
              isKeyNeeded: { type: 'boolean', description: 'False while no key was ever made.' },
              sources: {
                type: 'array',
                items: { type: 'string' },
                description: 'The only ones that the key is answered about; none: all.',
              },
              customers: { type: 'array', items: { type: 'string' }, description: 'Likewise.' },
            },
          },
        },
      },
    },
    ...problemAnswers(usualProblems.filter((kind) => kind !== 'invalid-parameter')),
  },
};

export const syncSchema = {
  tags: ['Sync'],
  summary: 'Sync now',
  operationId: 'sync-source',
  description:
    'Puts a sync of the source into the queue, before its time; one that waits or runs already is that sync. Needs scope operate. ' +
    '`runs`, also in the header Location, is where the run shows up when a worker has taken it.',
  params: parameter('name', undefined, 'headquarters'),
  response: {
    202: {
      description: 'It is in the queue.',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            additionalProperties: false,
            required: ['source', 'requestedAt', 'runs'],
            properties: {
              source: { type: 'string' },
              requestedAt: { type: 'string', format: 'date-time' },
              runs: { type: 'string', format: 'uri-reference' },
            },
          },
        },
      },
    },
    ...problemAnswers([
      ...usualProblems,
      'forbidden',
      'not-found',
      'not-scheduled',
      'credentials-refused',
      'too-large',
    ]),
  },
};
