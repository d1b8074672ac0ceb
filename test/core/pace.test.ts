/** When to flush: at once in a quiet room, in batches under load. */
import { expect, test } from 'vitest';
import { MAX_WAIT_MS, Pace, PAUSE_MS } from '../../src/core/pace.ts';

test('does not wait at first, nor after a few frames', () => {
  const pace = new Pace();
  expect(pace.loaded(1000)).toBe(false);
  pace.sent(100, 1000);
  expect(pace.loaded(1000)).toBe(false);
});

test('is loaded by one large flush, or by many small ones close together', () => {
  const large = new Pace();
  large.sent(1000, 1000);
  expect(large.loaded(1000)).toBe(true);
  const small = new Pace();
  for (let i = 0; i < 10; i++) {
    small.sent(100, 1000 + i);
  }
  expect(small.loaded(1010)).toBe(true);
});

test('the load decays: small flushes far apart never add up, and some time after a large one it does not wait', () => {
  const pace = new Pace();
  for (let i = 0; i < 1000; i++) {
    pace.sent(100, i * 100);
    expect(pace.loaded(i * 100)).toBe(false);
  }
  pace.sent(1000, 200_000);
  expect(pace.loaded(200_001)).toBe(true);
  expect(pace.loaded(200_050)).toBe(false);
});

test('looks for a pause several times before it gives up waiting', () => {
  expect(MAX_WAIT_MS / PAUSE_MS).toBeGreaterThanOrEqual(5);
});
