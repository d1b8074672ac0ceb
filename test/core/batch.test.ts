/** One follower, one flush, very many changed users: a server-side friend list has no limit. */
import { expect, test } from 'vitest';
import { Batch } from '../../src/core/batch.ts';
import type { Update, User } from '../../src/core/model.ts';

test('a batch of 50,000 updates is read in order', () => {
  const updates = Array.from({ length: 50_000 }, (): Update => ({
    user: {} as User,
    changes: [],
    general: undefined,
    username: undefined,
    stateBytes: undefined,
  }));
  const batch = updates.reduce((node, update) => node.with(update), Batch.root());
  const read = batch.updates();
  expect(read).toHaveLength(updates.length);
  expect(read.every((update, i) => update === updates[i])).toBe(true);
});
