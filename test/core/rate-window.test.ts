import { expect, test } from 'vitest';
import { RateWindow } from '../../src/core/rate-window.ts';

function takes(window: RateWindow, limit: number): (now: number, cost?: number) => number {
  return (now, cost = 1) => {
    const wait = window.wait(now, cost, limit, 1000);
    if (wait === 0) {
      window.add(now, cost);
    }
    return wait;
  };
}

test('at most so many calls in any window', () => {
  const take = takes(new RateWindow(), 2);
  expect([take(0), take(600), take(900), take(1001), take(1002)]).toEqual([0, 0, 100, 0, 598]);
});

test('costs add up, and a call above the limit needs an empty window', () => {
  const take = takes(new RateWindow(), 10);
  expect([take(0, 6), take(100, 5), take(200, 4), take(1001, 6), take(1002, 11)]).toEqual([0, 900, 0, 0, 999]);
  expect(take(2002, 11)).toBe(0);
  expect(take(2003, 1)).toBe(999);
});

test('a clock that is set back blocks nobody', () => {
  const take = takes(new RateWindow(), 2);
  const hour = 3_600_000;
  expect([take(hour), take(hour), take(hour)]).toEqual([0, 0, 1000]);
  expect([take(5), take(6), take(7)]).toEqual([0, 0, 998]);
});
