import { expect, it } from 'vitest';
import { completeAddress } from '../../../src/cli/ask-for-values.ts';

it.each([
  ['em.example.com', 'https://em.example.com:9398'],
  ['em.example.com/', 'https://em.example.com:9398'],
  ['em:443', 'https://em'],
  ['em:9444/api', 'https://em:9444'],
  ['[::1]', 'https://[::1]:9398'],
  ['10.0.0.1', 'https://10.0.0.1:9398'],
  ['https://em', 'https://em'],
  ['http://em:9399', 'http://em:9399'],
  ['ftp://em', 'ftp://em'],
  ['two words', 'two words'],
  ['', ''],
])('takes %j for %j', (written, meant) => {
  expect(completeAddress(written)).toBe(meant);
});
