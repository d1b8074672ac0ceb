import { beforeEach, describe, expect, test } from 'vitest';
import { FlushTimer } from '../../src/core/flush-timer.ts';
import { MAX_WAIT_MS, PAUSE_MS } from '../../src/core/pace.ts';
import { ManualTiming } from './support/core-world.ts';

describe('the flush timer', () => {
  let timing: ManualTiming;
  let unsent: { changes: number };
  let flushedAt: number[];
  let timer: FlushTimer;

  function change(): void {
    unsent.changes++;
    timer.set();
  }

  /** The last flush took so long that waiting pays. */
  function saturate(): void {
    timer.flushed({ at: timing.ms, tookMs: 1000, frames: 10, unmerged: 1000 });
  }

  beforeEach(() => {
    timing = new ManualTiming();
    unsent = { changes: 0 };
    flushedAt = [];
    timer = new FlushTimer(timing, unsent, () => {
      flushedAt.push(timing.ms);
      timer.cancel();
    });
  });

  test('calls once for all changes of a turn, at its end', () => {
    change();
    change();
    expect(flushedAt).toEqual([]);
    timing.turn();
    expect(flushedAt).toEqual([0]);
    timing.pass(MAX_WAIT_MS);
    expect(flushedAt).toEqual([0]);
    change();
    timing.turn();
    expect(flushedAt).toEqual([0, MAX_WAIT_MS]);
  });

  test('in a saturated process it waits for a pause', () => {
    saturate();
    change();
    timing.pass(PAUSE_MS / 2, PAUSE_MS / 2);
    change();
    timing.pass(PAUSE_MS / 2, PAUSE_MS / 2);
    expect(flushedAt).toEqual([]);
    timing.pass(PAUSE_MS);
    expect(flushedAt).toEqual([2 * PAUSE_MS]);
  });

  test('a burst without a pause waits no longer than MAX_WAIT_MS', () => {
    saturate();
    while (flushedAt.length === 0 && timing.ms < 2 * MAX_WAIT_MS) {
      change();
      timing.pass(1, 1);
    }
    expect(flushedAt[0]).toBeGreaterThan(MAX_WAIT_MS - PAUSE_MS);
    expect(flushedAt[0]).toBeLessThanOrEqual(MAX_WAIT_MS + PAUSE_MS);
  });

  test.each(['at the end of the turn', 'at the pause'])('a call %s is void when somebody flushed before', (when) => {
    if (when === 'at the pause') {
      saturate();
    }
    change();
    timer.cancel();
    timing.turn();
    timing.pass(MAX_WAIT_MS);
    expect(flushedAt).toEqual([]);
  });
});
