import { readCursor } from './cursor.ts';
import { parseValue } from './parse-value.ts';
import { countModes, type Condition, type CountMode, type Problem, type Question } from './question.ts';
import type { Filter, Resource } from './resource.ts';

/** Values as they come from a query string or a command line: one text, or several for a repeated name. */
export type Given = Readonly<Record<string, string | readonly string[] | undefined>>;

export const mostRows = 1_000;
/** Rows of a page, unless said otherwise. */
export const usualLimit = 100;
/** Values of one filter. */
const mostValues = 100;

/** Reads a question, or says everything that is wrong with it. Unknown names are wrong: a typo must not widen an answer. */
export function parseQuestion(
  resource: Resource,
  given: Given,
): { readonly question: Question } | { readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const note = (parameter: string, message: string) => {
    problems.push({ parameter, message });
  };
  const known = parameterNames(resource);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) note(name, `is not known here; there are ${known.join(', ')}`);
  }
  const single = (name: string): string | undefined => {
    const value = given[name];
    if (value === undefined || typeof value === 'string') return value;
    if (value.length > 1) note(name, 'is given more than once');
    return value[0];
  };

  const conditions = resource.filters.flatMap((filter) => parseCondition(filter, given[filter.name], note));
  const ordering = parseSort(resource, single('sort'), note);
  const cursor = single('cursor');
  const after = cursor === undefined ? undefined : readCursor(resource, ordering, cursor);
  if (cursor !== undefined && after === undefined)
    note('cursor', 'is no cursor of this list in this order; take nextCursor of the page before');
  const limit = parseLimit(single('limit'), note);
  const count = single('count') ?? 'none';
  if (!(countModes as readonly string[]).includes(count))
    note('count', `is none of ${countModes.join(', ')}`);
  return problems.length > 0
    ? { problems }
    : { question: { conditions, ...ordering, after, limit, count: count as CountMode } };
}

/** All names that a question about the resource may have. */
export function parameterNames(resource: Resource): readonly string[] {
  return [
    ...resource.filters.map(({ name }) => name),
    ...(resource.orders === undefined ? [] : ['sort']),
    'limit',
    'cursor',
    'count',
  ];
}

type Note = (parameter: string, message: string) => void;

function parseCondition(
  filter: Filter,
  given: string | readonly string[] | undefined,
  note: Note,
): Condition[] {
  if (given === undefined) return [];
  const texts = typeof given === 'string' ? [given] : given;
  if (filter.operator !== 'equal' && texts.length > 1) {
    note(filter.name, 'is given more than once');
    return [];
  }
  if (texts.length > mostValues) {
    note(filter.name, `has more than ${mostValues} values`);
    return [];
  }
  const values: string[] = [];
  for (const text of texts) {
    const parsed = parseValue(filter, text);
    if ('value' in parsed) values.push(parsed.value);
    else note(filter.name, parsed.wrong);
  }
  // An empty search is part of every name.
  if (filter.operator === 'search' && values[0] === '') return [];
  return [{ filter, values: [...new Set(values)] }];
}

function parseSort(
  { orders = [] }: Resource,
  given: string | undefined,
  note: Note,
): Pick<Question, 'order' | 'isDescending'> {
  const [usual] = orders;
  if (given === undefined) return { order: usual, isDescending: usual?.isDescendingByDefault ?? false };
  const order = orders.find(({ field }) => field === given.replace(/^-/, ''));
  if (order === undefined) {
    const fields = orders.map(({ field }) => field).join(', ');
    note('sort', `is none of ${fields}, with a minus before it for the other way round`);
  }
  return { order, isDescending: given.startsWith('-') };
}

function parseLimit(given: string | undefined, note: Note): number | undefined {
  if (given === undefined) return undefined;
  const limit = /^\d{1,6}$/.test(given) ? Number(given) : 0;
  if (limit < 1 || limit > mostRows) note('limit', `is no whole number from 1 to ${mostRows}`);
  return limit;
}
