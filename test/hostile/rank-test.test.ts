import { expect, test } from 'vitest';
import { rankTest } from './support/rank-test.ts';

test.each([
  [[1, 2, 3], [4, 5, 6], 0],
  [[4, 5, 6], [1, 2, 3], 1],
  [[1, 4], [2, 3], 0.5],
  [[1, 1, 2], [1, 2, 2], 3 / 9],
])('of %j and %j: %d of the pairs have the higher one first', (first, second, above) => {
  const ranked = rankTest(first, second);
  expect(ranked.above).toBeCloseTo(above);
  expect(Math.sign(ranked.z)).toBe(Math.sign(Math.round((above - 0.5) * 1e9)));
});

test('a hundred values that are all above a hundred others are no chance', () => {
  const high = Array.from({ length: 100 }, (_, i) => i + 100);
  const low = Array.from({ length: 100 }, (_, i) => i);
  expect(rankTest(high, low).z).toBeGreaterThan(12);
});
