import { expect, it } from 'vitest';
import { parseQuestion } from '../../../src/query/parse-question.ts';
import { sessions } from '../../../src/query/resources/sessions.ts';
import { noHints } from '../../../src/query/sql/hints.ts';
import { splitValues } from '../../../src/query/sql/split-values.ts';

function split(given: Record<string, string | string[]>, sourceIds?: number[]) {
  const parsed = parseQuestion(sessions, given);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return splitValues(sessions, parsed.question, { ...noHints, sourceIds }).map(({ conditions, hints }) =>
    [...conditions.flatMap(({ values }) => values), ...(hints.sourceIds ?? [])].join(' '),
  );
}

it('asks for each value by itself, since no index has the rows of two in order', () => {
  expect(split({ computer: ['a', 'b', 'c'] })).toEqual(['a', 'b', 'c']);
  expect(split({ computer: ['a', 'b'], outcome: ['failed', 'lost'], kind: 'computer' })).toEqual([
    'a computer failed',
    'a computer lost',
    'b computer failed',
    'b computer lost',
  ]);
  expect(split({ source: ['x', 'y'] }, [1, 2])).toEqual(['x y 1', 'x y 2']);
});

it('leaves as it is what is one value, has another order, or would be too many questions', () => {
  expect(split({ computer: 'a', outcome: 'failed' })).toEqual(['a failed']);
  expect(split({ computer: ['a', 'b'], sort: 'durationSeconds' })).toEqual(['a b']);
  const many = Array.from({ length: 60 }, (_, index) => `pc ${index}`);
  expect(split({ computer: many, outcome: ['failed', 'lost'] })).toHaveLength(60);
});
