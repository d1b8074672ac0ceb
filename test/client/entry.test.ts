import { describe, expect, test } from 'vitest';
import { knowledge, newEntry, viewOf } from '../../src/client/entry.ts';
import { presence } from './fakes.ts';

describe('knowledge', () => {
  const about = knowledge({
    presences: [presence('bob', 'pc'), presence('ann'), presence('bob', 'phone', { connectionId: 'phone' })],
    users: [
      { userId: 'cat', general: 'unlogined' },
      { userId: 'dan', general: 'offline' },
      { userId: 'eve', general: 'unknown' },
    ],
  });

  test('is by user, with the connections in their order', () => {
    expect(about('bob')).toEqual({
      presences: [presence('bob', 'pc'), presence('bob', 'phone', { connectionId: 'phone' })],
      last: 'offline',
    });
  });

  test.each([
    ['cat', 'unlogined'],
    ['dan', 'offline'],
    ['eve', 'unknown'],
    ['nobody', 'offline'],
    ['constructor', 'offline'],
  ])('of a user without connections says how it ended: %s %s', (userId, last) => {
    expect(about(userId)).toEqual({ presences: [], last });
  });
});

describe('viewOf', () => {
  test('builds the view once, and again after it was reset', () => {
    const entry = newEntry('bob', 'client');
    const view = viewOf(entry);
    expect(viewOf(entry)).toBe(view);
    entry.friend = null;
    expect(viewOf(entry)).not.toBe(view);
    expect(viewOf(entry)).toEqual(view);
  });
});
