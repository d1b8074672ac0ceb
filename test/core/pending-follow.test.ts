import { expect, test } from 'vitest';
import { PendingFollow } from '../../src/core/pending-follow.ts';
import type { Connection } from '../../src/core/model.ts';

const connectionOf = (): Connection => ({ pending: undefined }) as unknown as Connection;

test('wants everybody but those who were unfollowed since it began', () => {
  const pending = new PendingFollow(connectionOf());
  expect(['ann', 'bob'].map((userId) => pending.wants(userId))).toEqual([true, true]);
  pending.unfollow(['ann']);
  pending.unfollow([]);
  pending.unfollow(new Set(['eve']));
  expect(['ann', 'bob', 'eve'].map((userId) => pending.wants(userId))).toEqual([false, true, false]);
});

test('without a list nobody is wanted, whatever else is unfollowed then', () => {
  const pending = new PendingFollow(connectionOf());
  pending.unfollow(undefined);
  pending.unfollow(['ann']);
  expect(pending.wants('bob')).toBe(false);
});

test('is among those of its connection until it ends, once or more often', () => {
  const connection = connectionOf();
  const [one, other] = [new PendingFollow(connection), new PendingFollow(connection)];
  expect([...connection.pending!]).toEqual([one, other]);
  one.end();
  one.end();
  expect([...connection.pending!]).toEqual([other]);
  other.end();
  expect(connection.pending!.size).toBe(0);
});

test('one that begins after an unfollow is not touched by it', () => {
  const connection = connectionOf();
  const earlier = new PendingFollow(connection);
  earlier.unfollow(undefined);
  expect(new PendingFollow(connection).wants('ann')).toBe(true);
});
