import { expect, test } from 'vitest';
import { lineOf } from '../../src/monitor/page/chart.ts';

test('the last value is at the right, the highest at the top', () => {
  expect(lineOf([0, 5, 10], 3)).toBe('M0.0 29.0L50.0 15.0L100.0 1.0');
});

test('an absent value leaves a gap', () => {
  expect(lineOf([1, undefined, 1], 3)).toBe('M0.0 1.0M100.0 1.0');
});

test('one value, or none', () => {
  expect(lineOf([3], 1)).toBe('M100.0 1.0');
  expect(lineOf([], 150)).toBe('');
});
