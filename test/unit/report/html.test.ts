import fc from 'fast-check';
import { expect, it } from 'vitest';
import { html } from '../../../src/report/html.ts';
import { age, percent } from '../../../src/report/words.ts';

it('writes any text as text', () => {
  const awkward = fc.array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('<', '>', '&', '"', "'", '</td>', '<script>', '&lt;'),
    ),
  );
  fc.assert(
    fc.property(awkward, (parts) => {
      const text = parts.join('');
      const written = html`<td title="${text}">${text}</td>`.html;
      const [, title = '', content = ''] = /^<td title="([^"<>]*)">([^<>"']*)<\/td>$/.exec(written) ?? [];
      const entities: Readonly<Record<string, string>> = {
        amp: '&',
        lt: '<',
        gt: '>',
        quot: '"',
        '#39': "'",
      };
      const back = (one: string) =>
        one.replaceAll(/&(#39|[a-z]+);/g, (_, name: string) => entities[name] ?? '?');
      const expected = text.replaceAll(
        /[^\P{Cc}\t\n\r]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
        '\ufffd',
      );
      expect([back(title), back(content)]).toEqual([expected, expected]);
    }),
  );
});

it('leaves parts that are HTML alone, and shows nothing for what is not there', () => {
  expect(html`<p>${html`<b>${'&'}</b>`}${null}${false}${[1, 'a', html`<i></i>`]}</p>`.html).toBe(
    '<p><b>&amp;</b>1a<i></i></p>',
  );
});

it.each([
  [1, '100.0 %'],
  [0.99999, '99.9 %'],
  [0.00001, '0.1 %'],
  [0, '0.0 %'],
  [0.976, '97.6 %'],
  [null, '–'],
])('rounds %d so that little never looks like nothing, nor much like everything', (share, text) => {
  expect(percent(share)).toBe(text);
});

it.each([
  [4.24, '4.2 h'],
  [26, '26 h'],
  [95.9, '96 h'],
  [100, '4 days'],
  [null, '–'],
])('says an age of %d h in a unit that can be read', (hours, text) => {
  expect(age(hours)).toBe(text);
});
