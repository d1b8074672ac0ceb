import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { backoffMs, Timers } from '../../src/client/timers.ts';

const range = { minMs: 300, maxMs: 15_000 };
const bounds = (attempt: number): number[] => [backoffMs(attempt, range, () => 0), backoffMs(attempt, range, () => 1)];

describe('backoffMs', () => {
  test('triples the bound with each attempt, up to maxMs', () => {
    expect([1, 2, 3, 4, 50, 5000].map(bounds)).toEqual([
      [300, 900],
      [300, 2700],
      [300, 8100],
      [300, 15_000],
      [300, 15_000],
      [300, 15_000],
    ]);
  });

  test('spreads clients over the whole range', () => {
    const delays = Array.from({ length: 200 }, () => backoffMs(4, range));
    expect(Math.min(...delays)).toBeLessThan(4000);
    expect(Math.max(...delays)).toBeGreaterThan(11_000);
    expect(new Set(delays).size).toBeGreaterThan(150);
  });

  test('never waits less than minMs, even if maxMs is smaller', () => {
    expect(backoffMs(3, { minMs: 100, maxMs: 10 }, () => 1)).toBe(100);
  });
});

describe('Timers', () => {
  const ended = (): Error => new Error('ended');
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  test('run what they were given, unless cancelled', async () => {
    const timers = new Timers();
    const run = vi.fn();
    const cancelled = vi.fn();
    timers.after(100, run);
    timers.after(100, cancelled)();
    await vi.advanceTimersByTimeAsync(99);
    expect(run).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(run).toHaveBeenCalledOnce();
    expect(cancelled).not.toHaveBeenCalled();
  });

  test('end together: nothing runs any more, and what waits hears why', async () => {
    const timers = new Timers();
    const run = vi.fn();
    const cleared = vi.fn();
    timers.after(100, run, cleared);
    const sleeping = expect(timers.sleep(100)).rejects.toThrow('ended');
    const waiting = expect(timers.within(new Promise(() => undefined), 100, () => new Error('late'))).rejects.toThrow(
      'ended',
    );
    timers.clear(ended);
    timers.clear(() => new Error('a second time'));
    await Promise.all([sleeping, waiting]);
    expect(cleared).toHaveBeenCalledExactlyOnceWith(ended());
    await vi.advanceTimersByTimeAsync(1000);
    expect(run).not.toHaveBeenCalled();
  });

  test('cannot be started after their end', async () => {
    const timers = new Timers();
    timers.clear(ended);
    await expect(timers.sleep(1)).rejects.toThrow('ended');
    timers.after(1, () => expect.unreachable());
  });

  test('bound the wait for a promise, and forget it once it is settled', async () => {
    const timers = new Timers();
    await expect(timers.within(Promise.resolve('in time'), 100, ended)).resolves.toBe('in time');
    await expect(timers.within(Promise.reject(new Error('own')), 100, ended)).rejects.toThrow('own');
    const late = expect(timers.within(new Promise(() => undefined), 100, () => new Error('late'))).rejects.toThrow(
      'late',
    );
    await vi.advanceTimersByTimeAsync(100);
    await late;
  });
});
