import { expect, it } from 'vitest';
import { parseQuestion } from '../../../src/query/parse-question.ts';
import { sessions } from '../../../src/query/resources/sessions.ts';
import { buildQuery } from '../../../src/query/sql/build-query.ts';
import { noHints } from '../../../src/query/sql/hints.ts';

function build(given: Record<string, string>) {
  const parsed = parseQuestion(sessions, given);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return buildQuery(sessions, parsed.question, 101, noHints);
}

it('asks an index of unusual values for unusual values only', () => {
  expect(build({ result: 'Failed' }).text).toContain('left(result, 100) =');
  expect(build({ result: 'Success', state: 'Stopped', jobType: 'AgentManagement' }).text).not.toContain(
    'left(',
  );
});

it('lets a plan be kept only where no value could ask for another', () => {
  const named = [
    {},
    { computer: 'PC-1' },
    { jobId: '0c5e4d9b-0f8a-4a5c-9d35-6a2c1f0e7a11' },
    { sort: 'createdAt' },
  ].map(build);
  expect(new Set(named.map(({ name }) => name)).size).toBe(named.length);
  expect(named.every(({ name }) => name !== undefined)).toBe(true);
  // A word that most sessions have, or none; a name longer than the index knows; a narrower question.
  for (const given of [
    { outcome: 'lost' },
    { computer: 'n'.repeat(200) },
    { computer: 'PC-1', outcome: 'failed' },
    { sort: 'durationSeconds' },
  ])
    expect(build(given).name).toBeUndefined();
});
