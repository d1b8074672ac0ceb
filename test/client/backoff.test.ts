import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../src/client/backoff.ts';

const range = { minMs: 300, maxMs: 15_000 };
const bounds = (attempt: number): number[] => [backoffMs(attempt, range, () => 0), backoffMs(attempt, range, () => 1)];

describe('backoffMs', () => {
  it('triples the bound with each attempt, up to maxMs', () => {
    expect([1, 2, 3, 4, 50, 5000].map(bounds)).toEqual([
      [300, 900],
      [300, 2700],
      [300, 8100],
      [300, 15_000],
      [300, 15_000],
      [300, 15_000],
    ]);
  });

  it('spreads clients over the whole range', () => {
    const delays = Array.from({ length: 200 }, () => backoffMs(4, range));
    expect(Math.min(...delays)).toBeLessThan(4000);
    expect(Math.max(...delays)).toBeGreaterThan(11_000);
    expect(new Set(delays).size).toBeGreaterThan(150);
  });

  it('never waits less than minMs, even if maxMs is smaller', () => {
    expect(backoffMs(3, { minMs: 100, maxMs: 10 }, () => 1)).toBe(100);
  });
});
