import { expect, test } from 'vitest';
import { BOUNDS_MS, Histogram, quantile } from '../../src/core/histogram.ts';

test('counts each duration once, in the first bucket that holds it', () => {
  const histogram = new Histogram();
  for (const ms of [0, 1, 1.5, 10, 2500, 2501, 1e9]) {
    histogram.note(ms);
  }
  const { count, sumMs, buckets } = histogram.facts;
  expect(count).toBe(7);
  expect(sumMs).toBe(0 + 1 + 1.5 + 10 + 2500 + 2501 + 1e9);
  expect(buckets).toEqual([2, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2]);
  expect(buckets).toHaveLength(BOUNDS_MS.length + 1);
});

test('a clock that was set back makes no negative duration', () => {
  const histogram = new Histogram();
  histogram.note(-5);
  expect(histogram.facts).toMatchObject({ count: 1, sumMs: 0 });
});

test('a quantile is the bound of its bucket', () => {
  const histogram = new Histogram();
  expect(quantile(histogram.facts, 0.5)).toBeUndefined();
  for (let i = 0; i < 99; i++) {
    histogram.note(3);
  }
  histogram.note(9999);
  expect(quantile(histogram.facts, 0.5)).toBe(5);
  expect(quantile(histogram.facts, 0.99)).toBe(5);
  expect(quantile(histogram.facts, 1)).toBe(Infinity);
});
