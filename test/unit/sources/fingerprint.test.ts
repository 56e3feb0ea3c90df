import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fingerprint, parserVersion } from '../../../src/sources/enterprise-manager/fingerprint.ts';

it('is 120 bits of SHA-256, the parser and the form, as a GUID', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom('entity' as const, 'reference' as const), (bytes, form) => {
      const text = fingerprint(bytes, form);
      expect(text).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
      const bare = text.replaceAll('-', '');
      expect(bare.slice(0, 30)).toBe(createHash('sha256').update(bytes).digest('hex').slice(0, 30));
      expect(Number.parseInt(bare.slice(30), 16)).toBe(parserVersion * 2 + (form === 'entity' ? 0 : 1));
    }),
  );
});
