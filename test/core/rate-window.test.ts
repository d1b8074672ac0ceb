import { expect, test } from 'vitest';
import { RateWindow } from '../../src/core/rate-window.ts';

test('at most so many calls in any window', () => {
  const window = new RateWindow(2, 1000);
  expect([window.take(0), window.take(600), window.take(900), window.take(1001), window.take(1002)]).toEqual([
    0, 0, 100, 0, 598,
  ]);
});

test('a clock that is set back locks nobody out', () => {
  const window = new RateWindow(2, 1000);
  const hour = 3_600_000;
  expect([window.take(hour), window.take(hour), window.take(hour)]).toEqual([0, 0, 1000]);
  expect([window.take(5), window.take(6), window.take(7)]).toEqual([0, 0, 998]);
});
