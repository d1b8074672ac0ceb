import { expect, test } from 'vitest';
import { notAnId, notIds, sortOutIds, toUserId } from '../src/ids.ts';

test.each<[unknown, string | undefined]>([
  ['a', 'a'],
  [7, '7'],
  [-0, '0'],
  [-3, '-3'],
  [12345678901234567890n, '12345678901234567890'],
  [2 ** 53, undefined],
  [1.5, undefined],
  [Number.NaN, undefined],
  [Infinity, undefined],
  ['', undefined],
  ['__proto__', undefined],
  ['x'.repeat(129), undefined],
  [true, undefined],
  [null, undefined],
  [{ id: 1 }, undefined],
])('%s stands for %s', (value, id) => {
  expect(toUserId(value)).toBe(id);
});

test('a list is sorted out, in order', () => {
  expect(sortOutIds([3, 'a', null, 3])).toEqual({ ids: ['3', 'a', '3'], others: [null] });
});

test('what is no id is named', () => {
  expect(notIds([null])).toBe('an entry that is not a user id: null');
  expect(notIds([{ friend_id: 1 }, 2.5])).toBe(
    '2 entries that are not user ids, the first: an object with the fields friend_id',
  );
  expect(notAnId(1.5)).toBe(
    'A user id has to be a string of 1 to 128 characters or a whole number, but is the number 1.5.',
  );
});
