/** Users are remembered as offline for a limited time and up to a limited number. */
import { expect, test } from 'vitest';
import { OfflineMemory } from '../../src/core/offline-memory.ts';

test('remembers for its time, and not a millisecond longer', () => {
  const memory = new OfflineMemory(100, 10);
  memory.remember('ann', 1000);
  expect([memory.has('ann', 1099), memory.has('ann', 1100), memory.has('bob', 1000)]).toEqual([true, false, false]);
  expect(memory.size).toBe(0);
});

test('being remembered again restarts the time', () => {
  const memory = new OfflineMemory(100, 10);
  memory.remember('ann', 1000);
  memory.remember('ann', 1050);
  expect(memory.has('ann', 1149)).toBe(true);
});

test('when there are too many, the earliest are forgotten', () => {
  const memory = new OfflineMemory(100, 2);
  ['ann', 'bob', 'ann', 'cat'].forEach((userId, i) => {
    memory.remember(userId, 1000 + i);
  });
  expect(['ann', 'bob', 'cat'].map((userId) => memory.has(userId, 1010))).toEqual([true, false, true]);
});

test('expired users are removed when the next one is remembered', () => {
  const memory = new OfflineMemory(100, 10);
  memory.remember('ann', 1000);
  memory.remember('bob', 2000);
  expect(memory.size).toBe(1);
});

test('forgets on demand, and with time 0 at once', () => {
  const memory = new OfflineMemory(100, 10);
  memory.remember('ann', 1000);
  memory.forget('ann');
  memory.forget('nobody');
  expect(memory.has('ann', 1000)).toBe(false);
  memory.limit(0, 10);
  memory.remember('bob', 1000);
  expect(memory.has('bob', 1000)).toBe(false);
});

test('a smaller limit applies from the next user on', () => {
  const memory = new OfflineMemory(100, 10);
  ['a', 'b', 'c'].forEach((userId) => {
    memory.remember(userId, 1000);
  });
  memory.limit(100, 1);
  memory.remember('d', 1000);
  expect([memory.size, memory.has('d', 1000)]).toEqual([1, true]);
});
