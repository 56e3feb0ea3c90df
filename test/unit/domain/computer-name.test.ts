import fc from 'fast-check';
import { expect, it } from 'vitest';
import { guessComputer } from '../../../src/domain/computer-name.ts';

it('takes what follows the longest known job name', () => {
  const jobs = new Set(['Laptops', 'Laptops - Sales']);
  expect(guessComputer('Laptops - nb01', jobs)).toBe('nb01');
  expect(guessComputer('Laptops - Sales - nb01', jobs)).toBe('nb01');
  expect(guessComputer('Laptops - Berlin - nb01', jobs)).toBe('Berlin - nb01');
});

it('keeps the whole name when no job fits', () => {
  expect(guessComputer('Laptops - nb01', new Set())).toBe('Laptops - nb01');
  expect(guessComputer('Laptops - ', new Set(['Laptops']))).toBe('Laptops - ');
  expect(guessComputer('', new Set(['']))).toBe('');
});

it('finds the computer behind any job name', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'binary' }), fc.string({ minLength: 1 }), (job, computer) => {
      fc.pre(!computer.includes(' - '));
      expect(guessComputer(`${job} - ${computer}`, new Set([job]))).toBe(computer);
    }),
  );
});
