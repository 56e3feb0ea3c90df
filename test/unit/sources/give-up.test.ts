import { expect, it } from 'vitest';
import { openGiveUp } from '../../../src/sources/enterprise-manager/give-up.ts';

it('answers for the next ones without a word of whom the last answer was about', () => {
  const giveUp = openGiveUp();
  for (let index = 0; index < 20; index += 1) {
    expect(giveUp.instead()).toBeUndefined();
    const answer = { sessionId: `s${index}`, as: 'failed', kind: 'contract', reason: 'HTML' } as const;
    giveUp.note(answer);
  }
  const instead = giveUp.instead();
  expect(instead).toEqual({
    as: 'failed',
    kind: 'contract',
    reason: expect.stringContaining('HTML') as string,
  });
  expect({ sessionId: 'other', ...instead }).toMatchObject({ sessionId: 'other' });
  giveUp.note({ as: 'tasks' });
  expect(giveUp.instead()).toBeUndefined();
});
