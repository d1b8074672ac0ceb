import { expect, test } from 'vitest';
import { Budgets } from '../../src/core/budgets.ts';

const OPTIONS = { rateLimit: 3, rateLimitIds: 10, rateWindowMs: 1000 };

function asked(budgets: Budgets, userId: string, ids: number, now: number): number | undefined {
  try {
    budgets.take(userId, ids, OPTIONS, now);
    return 0;
  } catch (error) {
    return (error as { retryAfterMs?: number }).retryAfterMs;
  }
}

test('calls and ids of a user count, each on its own; a refused call does not', () => {
  const budgets = new Budgets();
  expect(asked(budgets, 'ann', 6, 0)).toBe(0);
  expect(asked(budgets, 'ann', 6, 1)).toBe(999);
  expect(asked(budgets, 'ann', 4, 2)).toBe(0);
  expect(asked(budgets, 'ann', 0, 3)).toBe(0);
  expect(asked(budgets, 'ann', 0, 4)).toBe(996);
  expect(asked(budgets, 'bob', 6, 4)).toBe(0);
});

test('is kept only while it counts', () => {
  const budgets = new Budgets();
  for (let i = 0; i < 100; i++) {
    asked(budgets, `user ${i}`, 1, i);
  }
  expect(budgets.size).toBe(100);
  asked(budgets, 'late', 1, 5000);
  expect(budgets.size).toBe(1);
});

test('one that is used all the time keeps no other', () => {
  const budgets = new Budgets();
  asked(budgets, 'busy', 1, 0);
  for (let i = 0; i < 100; i++) {
    asked(budgets, `user ${i}`, 1, 1);
  }
  asked(budgets, 'busy', 1, 900);
  asked(budgets, 'late', 1, 1500);
  expect(budgets.size).toBe(2);
});
