import type { Condition, Question } from './question.ts';
import type { Resource } from './resource.ts';

/** What a key may see. Empty lists: everything. */
export type Limits = {
  readonly sources: readonly string[];
  readonly customers: readonly string[];
  /** The sources whose own label is one of the customers: what is about a whole source is theirs. */
  readonly customerSources: readonly string[];
};

export const noLimits: Limits = { sources: [], customers: [], customerSources: [] };

/** The columns of the resource that have to have one of these values. */
export function limitColumns(
  { filters }: Pick<Resource, 'filters'>,
  { sources, customers, customerSources }: Limits,
): readonly { readonly column: 'source' | 'customer'; readonly values: readonly string[] }[] {
  const hasCustomer = filters.some(({ column }) => column === 'customer');
  return [
    ...(sources.length > 0 ? [{ column: 'source' as const, values: sources }] : []),
    ...(customers.length === 0
      ? []
      : hasCustomer
        ? [{ column: 'customer' as const, values: customers }]
        : [{ column: 'source' as const, values: customerSources }]),
  ];
}

/** The question, of what the key may see: answers, counts and downloads are as if nothing else existed. */
export function limitQuestion(resource: Resource, question: Question, limits: Limits): Question {
  let { conditions } = question;
  for (const { column, values } of limitColumns(resource, limits)) {
    const filter = resource.filters.find((one) => one.column === column);
    if (filter === undefined) throw new Error(`${resource.name} cannot be limited by ${column}`);
    // One condition a column: hints and indexes know of one.
    const given = conditions.find((one) => one.filter === filter);
    const allowed: Condition = {
      filter,
      values: given === undefined ? values : given.values.filter((value) => values.includes(value)),
    };
    conditions = [...conditions.filter((one) => one !== given), allowed];
  }
  return { ...question, conditions };
}
