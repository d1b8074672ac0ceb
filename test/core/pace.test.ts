/** When to flush, in a process simulated with a clock of its own. */
import { describe, expect, test } from 'vitest';
import { MAX_WAIT_MS, Pace } from '../../src/core/pace.ts';

interface Load {
  /** Changes per millisecond. */
  readonly rate: number;
  /** Followers that hear one change. */
  readonly followers: number;
  /** Different followers that `changes` reach together. */
  readonly reached: (changes: number) => number;
}

const SEND_MS = 0.005;
const RECEIVE_MS = 0.02;

/** A server that reads what has come in, then flushes if it is due. Waits count from the end of the flush before. */
function simulate(
  { rate, followers, reached }: Load,
  forMs = 2000,
): { waits: number[]; framesPerChange: number; share: number } {
  const pace = new Pace();
  const waits: number[] = [];
  let [now, taken, waiting, frames, end] = [0, 0, 0, 0, 0];
  while (now < forMs) {
    const arrived = Math.floor(now * rate) - taken;
    taken += arrived;
    waiting += arrived;
    now += arrived * RECEIVE_MS;
    if (waiting > 0 && pace.dueAt(now) <= now) {
      waits.push(now - end - arrived * RECEIVE_MS);
      const from = now;
      const sent = reached(waiting);
      now += sent * SEND_MS;
      pace.flushed({ at: now, tookMs: now - from, frames: sent, unmerged: waiting * followers });
      frames += sent;
      waiting = 0;
      end = now;
    } else {
      now += 0.1;
    }
  }
  return { waits: waits.slice(waits.length >> 1), framesPerChange: frames / taken, share: (frames * SEND_MS) / now };
}

/** Changes of users that share no follower. */
const apart = (rate: number, followers: number): Load => ({ rate, followers, reached: (n) => n * followers });
/** Changes of a crowd in which everybody follows a few. */
const crowd = (rate: number, followers: number, size: number): Load => ({
  rate,
  followers,
  reached: (n) => size * (1 - (1 - followers / size) ** n),
});

describe('what it does to the latency', () => {
  test.each([
    ['quiet', crowd(0.1, 20, 1000)],
    ['half busy, though changes would merge', crowd(4, 20, 1000)],
    ['half busy with one large audience', apart(0.05, 2000)],
  ])('%s: nothing waits', (_, load) => {
    const pace = new Pace();
    const { framesPerChange, share } = simulate(load);
    expect(framesPerChange).toBeGreaterThan(0.8 * load.followers);
    expect(share).toBeLessThan(0.55);
    expect(pace.dueAt(5)).toBeLessThanOrEqual(5);
  });

  test('saturated with what cannot be merged: nothing waits', () => {
    const { waits } = simulate(apart(2, 100));
    expect(Math.max(...waits)).toBeLessThan(0.2);
  });

  test('after the load, nothing waits any more', () => {
    const pace = new Pace();
    for (let at = 0; at < 1000; at += 20) {
      pace.flushed({ at: at + 15, tookMs: 15, frames: 1000, unmerged: 5000 });
    }
    expect(pace.dueAt(1000)).toBeGreaterThan(1000);
    expect(pace.dueAt(1150)).toBeLessThanOrEqual(1150);
  });
});

describe('what it saves', () => {
  test('a crowd whose changes would take all the time: most frames are saved, no wait is longer than MAX_WAIT_MS', () => {
    const load = crowd(10, 20, 1000);
    const { waits, framesPerChange, share } = simulate(load);
    expect(framesPerChange).toBeLessThan(0.3 * load.followers);
    expect(share).toBeLessThan(0.3);
    expect(Math.max(...waits)).toBeLessThanOrEqual(MAX_WAIT_MS + 0.2);
  });

  test('the more load, the more is merged', () => {
    const merged = [10, 15, 20].map((rate) => simulate(crowd(rate, 20, 1000)).framesPerChange);
    expect(merged).toEqual([...merged].sort((a, b) => b - a));
  });

  test.each([
    ['waiting and sending together take MAX_WAIT_MS', 30, MAX_WAIT_MS - 30],
    ['a flush that takes longer leaves time for the rest', 60, 15],
    ['but no more than MAX_WAIT_MS', 400, MAX_WAIT_MS],
  ])('%s', (_, tookMs, pause) => {
    const pace = new Pace();
    pace.flushed({ at: 1000, tookMs, frames: 1000, unmerged: 20_000 });
    expect(pace.dueAt(1000)).toBe(1000 + pause);
  });

  test('a flush that nobody heard changes nothing', () => {
    const pace = new Pace();
    pace.flushed({ at: 40, tookMs: 40, frames: 0, unmerged: 0 });
    expect(pace.dueAt(40)).toBeLessThanOrEqual(40);
  });
});
