import { expect, it } from 'vitest';
import { areSameCredentials, hashCredentials } from '../../../src/queue/refused-credentials.ts';

const credentials = { username: 'reader', password: 'pässwörd' };

it('knows the same credentials again, and no others', async () => {
  const hash = await hashCredentials(credentials);
  expect(hash).not.toContain(credentials.password);
  expect(await areSameCredentials(credentials, hash)).toBe(true);
  expect(await areSameCredentials({ ...credentials, password: 'other' }, hash)).toBe(false);
  expect(await areSameCredentials({ ...credentials, username: 'other' }, hash)).toBe(false);
});

it('salts: the same credentials have another hash every time', async () => {
  expect(await hashCredentials(credentials)).not.toBe(await hashCredentials(credentials));
});

it.each(['', ':', 'nonsense', 'aa:bb'])('takes %j for no hash of anything', async (hash) => {
  expect(await areSameCredentials(credentials, hash)).toBe(false);
});
