import { describe, expect, test } from 'vitest';
import { Liveness } from '../../src/cluster/liveness.ts';

const LEASE = 1000;

describe('liveness', () => {
  test('is up while heard, silent after a lease, up again when heard', () => {
    const liveness = new Liveness(LEASE);
    expect(liveness.state('A', 0)).toBe('unknown');
    expect(liveness.heard('A', 0)).toBe('unknown');
    expect(liveness.state('A', LEASE)).toBe('up');
    expect(liveness.silent(LEASE)).toEqual([]);
    expect(liveness.state('A', LEASE + 1)).toBe('silent');
    expect(liveness.silent(LEASE + 1)).toEqual(['A']);
    expect(liveness.heard('A', LEASE + 2)).toBe('silent');
    expect(liveness.state('A', LEASE + 2)).toBe('up');
  });

  test('is gone only when the caller says so, waits to be swept, and is then forgotten', () => {
    const liveness = new Liveness(LEASE);
    liveness.heard('A', 0);
    liveness.heard('B', 0);
    liveness.gone('A', 5000);
    expect(liveness.state('A', 5000)).toBe('gone');
    expect(liveness.unswept()).toEqual(['A']);
    expect(liveness.live).toBe(1);
    liveness.forget('A');
    liveness.forget('B');
    expect(liveness.state('A', 5000)).toBe('unknown');
    expect(liveness.live).toBe(1);
  });

  test('revives one that was gone', () => {
    const liveness = new Liveness(LEASE);
    liveness.gone('A', 0);
    expect(liveness.heard('A', 10)).toBe('gone');
    expect(liveness.state('A', 10)).toBe('up');
    expect(liveness.unswept()).toEqual([]);
  });

  test('keeps the registers of a leaving process valid until the handoff ends, even if it still sends messages', () => {
    const liveness = new Liveness(LEASE);
    liveness.handsOff('A', 5000, 0);
    expect(liveness.live).toBe(0);
    expect(liveness.state('A', 4999)).toBe('up');
    liveness.heard('A', 4999);
    expect(liveness.silent(5000)).toEqual(['A']);
  });

  test('treats an announced exit as final, and forgets the process after a while', () => {
    const liveness = new Liveness(LEASE);
    liveness.heard('A', 0);
    liveness.left('A', 0);
    expect(liveness.heard('A', 1)).toBe('left');
    liveness.gone('A', 1);
    expect(liveness.state('A', 1)).toBe('left');
    liveness.silent(LEASE * 10);
    expect(liveness.state('A', LEASE * 10)).toBe('left');
    liveness.silent(LEASE * 10 + 1);
    expect(liveness.state('A', LEASE * 10 + 1)).toBe('unknown');
  });

  test('ignores silence from a time when nothing could be received', () => {
    const liveness = new Liveness(LEASE);
    liveness.heard('A', 0);
    liveness.resetSilence(5000);
    expect(liveness.silent(5000 + LEASE)).toEqual([]);
    expect(liveness.silent(5000 + LEASE + 1)).toEqual(['A']);
  });

  test('notices silence although the clock was set back', () => {
    const liveness = new Liveness(LEASE);
    liveness.heard('A', 1_000_000);
    expect(liveness.silent(0)).toEqual([]);
    expect(liveness.silent(LEASE + 1)).toEqual(['A']);
  });
});
