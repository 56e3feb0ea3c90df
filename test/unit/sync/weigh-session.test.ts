import { expect, it } from 'vitest';
import { nothingKnown } from '../../../src/sources/enterprise-manager/read-session.ts';
import { weighSession } from '../../../src/sync/weigh-session.ts';

it('counts the characters of all texts, names of elements and what is in them included', () => {
  const session = nothingKnown('8ba90554-4cb0-4979-b4cc-000000000001');
  const empty = weighSession(session);
  expect(empty).toBeLessThan(500);
  const extra = { abc: 'x'.repeat(1_000), deep: { list: ['y'.repeat(2_000), { k: 'z'.repeat(3_000) }] } };
  expect(weighSession({ ...session, extra }) - empty).toBe(6_000 + 'abcdeeplist01k'.length - 1);
});
