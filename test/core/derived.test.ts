import { expect, test } from 'vitest';
import { hasEnded, isUnseen, statusOf } from '../../src/core/derived.ts';
import { CoreWorld } from './support/core-world.ts';

test('a user is unseen while it is neither shown nor followed, whether it is here or not', async () => {
  const world = new CoreWorld();
  const ann = await world.join('ann');
  const { user } = ann.connection;
  expect(isUnseen(user)).toBe(true);
  world.set(ann, '');
  expect(isUnseen(user)).toBe(false);
  world.set(ann, null);
  expect(isUnseen(user)).toBe(true);
  const bob = await world.join('bob');
  await world.follow(bob, 'ann');
  expect(isUnseen(user)).toBe(false);
  expect(isUnseen(world.tracker.users.hold('nobody').user)).toBe(true);
});

test('the status and the end of a connection', async () => {
  const world = new CoreWorld();
  const ann = await world.join('ann');
  expect([statusOf(ann.connection), hasEnded(ann.connection)]).toEqual([null, false]);
  world.set(ann, '');
  expect(statusOf(ann.connection)).toBe('');
  for (const delivery of ['live', 'behind', 'away', 'moved', 'gone'] as const) {
    ann.connection.delivery = delivery;
    expect(hasEnded(ann.connection)).toBe(delivery === 'moved' || delivery === 'gone');
  }
});
