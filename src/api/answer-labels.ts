import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  findLabelFault,
  labelName,
  longestComputer,
  longestValue,
  type Label,
  type LabelChange,
  type LabelProblem,
} from '../domain/label.ts';
import { noLimits } from '../query/limits.ts';
import { clientOf, requireScope } from './access.ts';
import { invalidParameters, Problem } from './problems.ts';
import type { QueryOptions } from './query-options.ts';
import type { Schema } from './schemas.ts';
import type { Turns } from './take-turns.ts';
import { watchClient } from './watch-client.ts';

const fields = ['source', 'server', 'job', 'computer', 'name', 'value'] as const;
const places = ['source', 'server', 'job', 'computer', 'name'] as const;

export const labelSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'value'],
  properties: {
    source: { type: 'string' },
    server: { type: 'string' },
    job: { type: 'string' },
    computer: { type: 'string', maxLength: longestComputer },
    name: { type: 'string', pattern: labelName.source, description: 'Such as customer.' },
    value: { type: 'string', minLength: 1, maxLength: longestValue },
  } satisfies Record<(typeof fields)[number], Schema>,
};

/** Labels a request. */
export const mostLabels = 1_000;
/** Among the turns of its client: one at a time, for each waits for the source's writer. */
const changeWeight = 3;

/** Sets the labels of the body, or answers with what is wrong with them. */
export function answerPutLabels(options: QueryOptions, turns: Turns) {
  return (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    refuseUnlessOperator(request);
    const labels = readBody(request.body);
    const problems = labels.flatMap((label, index): LabelProblem[] => {
      const fault = findLabelFault(label);
      return fault === undefined ? [] : [{ index, message: fault }];
    });
    if (problems.length > 0) throw invalidParameters(problems.map(asParameter));
    return change(options, turns, request, reply, labels);
  };
}

export function answerDeleteLabels(options: QueryOptions, turns: Turns) {
  return (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    refuseUnlessOperator(request);
    const { name = null, ...place } = readPlace(request.query as Record<string, unknown>);
    const { source = '', server = '', job = '', computer = '' } = place;
    if (source + server + job + computer === '')
      throw invalidParameters([{ parameter: 'source', message: 'is missing: say what the labels are on' }]);
    return change(options, turns, request, reply, [{ source, server, job, computer, name, value: null }]);
  };
}

async function change(
  options: QueryOptions,
  turns: Turns,
  request: FastifyRequest,
  reply: FastifyReply,
  changes: readonly LabelChange[],
): Promise<unknown> {
  const { sources } = request.access?.limits ?? noLimits;
  const outside = changes.flatMap(({ source }, index): LabelProblem[] =>
    sources.length > 0 && !sources.includes(source)
      ? [{ index, message: `There is no source ${source}.` }]
      : [],
  );
  if (outside.length > 0) throw invalidParameters(outside.map(asParameter));
  const client = watchClient(request);
  const { changed, problems } = await turns
    .take(clientOf(request), changeWeight, client.gone)
    .then((end) => options.labels.change(changes).finally(end))
    .finally(client.forget);
  if (problems.length > 0) throw invalidParameters(problems.map(asParameter));
  return reply.send({ changed });
}

function refuseUnlessOperator(request: FastifyRequest): void {
  requireScope(request, 'operate');
  // Whoever could say what a customer has could make anything theirs.
  if ((request.access?.limits.customers ?? []).length > 0)
    throw new Problem('forbidden', 'A key of a customer may not change labels.');
}

const asParameter = ({ index, message }: LabelProblem) => ({ parameter: `[${index}]`, message });

function readBody(body: unknown): Label[] {
  let given: unknown;
  try {
    given = typeof body === 'string' ? JSON.parse(body) : undefined;
  } catch {
    given = undefined;
  }
  if (!Array.isArray(given)) throw new Problem('bad-request', 'The body is no JSON array of labels.');
  if (given.length > mostLabels)
    throw new Problem('bad-request', `The body holds more than ${mostLabels} labels.`);
  const problems: LabelProblem[] = [];
  const labels = (given as unknown[]).map((one, index) => {
    const label = { source: '', server: '', job: '', computer: '', name: '', value: '' };
    if (typeof one !== 'object' || one === null) problems.push({ index, message: 'is no object' });
    else
      for (const [field, value] of Object.entries(one)) {
        if (!(fields as readonly string[]).includes(field) || typeof value !== 'string')
          problems.push({ index, message: `has ${field}, which is not known or no text` });
        else label[field as keyof Label] = value;
      }
    return label;
  });
  if (problems.length > 0) throw invalidParameters(problems.map(asParameter));
  return labels;
}

function readPlace(given: Record<string, unknown>): Partial<Record<(typeof places)[number], string>> {
  for (const [name, value] of Object.entries(given)) {
    if (!(places as readonly string[]).includes(name))
      throw invalidParameters([
        { parameter: name, message: `is not known here; there are ${places.join(', ')}` },
      ]);
    if (typeof value !== 'string')
      throw invalidParameters([{ parameter: name, message: 'is given more than once' }]);
    if (value.includes('\0'))
      throw invalidParameters([{ parameter: name, message: 'holds a NUL character' }]);
  }
  return given;
}
