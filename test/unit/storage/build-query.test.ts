import { expect, it } from 'vitest';
import { parseQuestion } from '../../../src/query/parse-question.ts';
import { sessions } from '../../../src/query/resources/sessions.ts';
import { buildQuery } from '../../../src/storage/queries/build-query.ts';
import { noHints } from '../../../src/storage/queries/hints.ts';

function build(given: Record<string, string>) {
  const parsed = parseQuestion(sessions, given);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return buildQuery(sessions, parsed.question, 100, noHints).text;
}

it('asks an index of unusual values for unusual values only', () => {
  expect(build({ result: 'Failed' })).toContain('left(result, 100) =');
  expect(build({ result: 'Success', state: 'Stopped', jobType: 'AgentManagement' })).not.toContain('left(');
});
