import type { Condition, Question } from '../question.ts';
import type { ColumnType, Resource } from '../resource.ts';
import type { Hints } from './hints.ts';

/** Parts of one question; each is planned by itself, which takes a fraction of a millisecond. */
const mostParts = 100;

type Part = Pick<Question, 'conditions'> & { readonly hints: Hints };

/**
 * Questions of one value each that together are this one, no row in two of them. An index has the rows of one value in the
 * order of the answer, and those of several in none: the first rows of each part, merged, are found by looking at few others.
 */
export function splitValues(
  { mergeable = [] }: Resource,
  { conditions, order }: Question,
  hints: Hints,
): readonly Part[] {
  let parts: readonly Part[] = [{ conditions, hints }];
  // No index has any other order.
  if (order?.by !== undefined) return parts;
  for (const column of mergeable) {
    const condition = conditions.find(({ filter }) => filter.column === column);
    const choices = condition === undefined ? [] : chooseOne(condition, hints);
    if (choices.length < 2 || parts.length * choices.length > mostParts) continue;
    parts = parts.flatMap((part) =>
      choices.map((choice) => ({
        conditions: part.conditions.map((one) => (one === condition ? choice.condition : one)),
        hints: { ...part.hints, ...choice.hints },
      })),
    );
  }
  const { searched } = hints;
  if (searched === undefined || 'many' in searched || parts.length * searched.jobNames.length > mostParts)
    return parts;
  const { jobNames } = searched;
  return parts.flatMap((part) => [
    ...jobNames.map((name) => ({
      conditions: [...part.conditions, equals('job_name', 'text', name), isNamedOtherwise('false')],
      hints: { ...part.hints, searched: { many: 'along the time' } as const },
    })),
    {
      conditions: [...part.conditions, isNamedOtherwise('true')],
      hints: { ...part.hints, searched: undefined },
    },
  ]);
}

const equals = (column: string, type: ColumnType, value: string): Condition => ({
  filter: { name: column, operator: 'equal', column, type, description: '', example: '' },
  values: [value],
});
const isNamedOtherwise = (value: string) => equals('is_named_otherwise', 'boolean', value);

function chooseOne(
  condition: Condition,
  { sourceIds }: Hints,
): readonly { readonly condition: Condition; readonly hints?: Pick<Hints, 'sourceIds'> }[] {
  return condition.filter.column === 'source' && sourceIds !== undefined
    ? sourceIds.map((id) => ({ condition, hints: { sourceIds: [id] } }))
    : condition.values.map((one) => ({ condition: { ...condition, values: [one] } }));
}
