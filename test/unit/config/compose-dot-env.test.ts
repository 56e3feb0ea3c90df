import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeDotEnv } from '../../../src/config/compose-dot-env.ts';
import { ConfigError } from '../../../src/config/config.ts';

const tricky = fc.string({
  unit: fc.constantFrom('$', '#', "'", '"', '`', '\\', ' ', '\t', 'n', '=', 'a', '{', '}', 'ü', '\n', '%'),
  maxLength: 12,
});

describe('composeDotEnv', () => {
  it('writes every value so that it is read back, or says that it cannot', () => {
    fc.assert(
      fc.property(tricky, tricky, (first, second) => {
        let text: string;
        try {
          text = composeDotEnv([
            { comment: 'all of it' },
            { name: 'FIRST', value: first },
            { name: 'SECOND', value: second },
          ]);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          // Two kinds of quotes that the third cannot hold: its own, or what it would turn into a line break.
          const isHard = (value: string) => value.includes("'") && /["`]/.test(value);
          expect([first, second].some(isHard)).toBe(true);
          return;
        }
        expect({ ...parseEnv(text) }).toEqual({ FIRST: first, SECOND: second });
      }),
      { numRuns: 2_000 },
    );
  });

  it('quotes in the way that docker compose leaves alone', () => {
    expect(composeDotEnv([{ name: 'A', value: 'pa$$word' }])).toBe("A='pa$$word'\n");
    expect(composeDotEnv([{ name: 'A', value: 'https://em:9398' }])).toBe('A=https://em:9398\n');
  });

  it('names the way out for what cannot be written', () => {
    expect(() => composeDotEnv([{ name: 'EM_PASSWORD', value: `'"\`#` }])).toThrow(/EM_PASSWORD_FILE/);
  });
});
