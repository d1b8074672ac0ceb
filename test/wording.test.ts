import { expect, test } from 'vitest';
import { didYouMean, given } from '../src/wording.ts';

test.each<[unknown, string]>([
  [undefined, 'undefined'],
  [null, 'null'],
  ['bob', '"bob"'],
  ['x'.repeat(41), 'a text of 41 characters'],
  [1.5, 'the number 1.5'],
  [2n, 'the number 2'],
  [false, 'false'],
  [[1], 'a list'],
  [{}, 'an empty object'],
  [{ a: 1, b: 2 }, 'an object with the fields a, b'],
  [Object.create(null), 'an empty object'],
  [{ constructor: 5 }, 'an object with the fields constructor'],
  [new Map(), 'a Map'],
  [Promise.resolve(), 'a Promise'],
  [() => 1, 'a function'],
  [Symbol('s'), 'a symbol'],
])('%s is called by its type', (value, called) => {
  expect(given(value)).toBe(called);
});

test('a long object is cut', () => {
  const wide = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, i]));
  expect(given(wide)).toBe('an object with the fields f0, f1, f2, f3, f4, f5, f6, f7');
});

test.each([
  ['gracSeconds', '. Did you mean "graceSeconds"?'],
  ['GRACESECONDS', '. Did you mean "graceSeconds"?'],
  ['maxFolows', '. Did you mean "maxFollows"?'],
  ['colour', '.'],
])('%s: %s', (name, end) => {
  expect(didYouMean(name, ['graceSeconds', 'maxFollows', 'rateLimit'])).toBe(end);
});
