import { describe, expect, test } from 'vitest';
import {
  readDelta,
  readFollowReply,
  readQueryReply,
  readSeat,
  readSnapshot,
  readUserIds,
  readWelcome,
} from '../../src/client/inbound.ts';
import { presence } from './fakes.ts';

const nonsense: unknown[] = [
  undefined,
  null,
  0,
  'text',
  [],
  {},
  { joins: 1, userIds: {}, presences: 'x', users: null, names: 'x', evicted: 3 },
];

describe('what a server of another version may send', () => {
  test.each(nonsense)('%j is read as nothing', (value) => {
    expect(readDelta(value)).toEqual({ joins: [], leaves: [], users: [] });
    expect(readSnapshot(value)).toEqual({ userIds: [], presences: [], users: [], names: [] });
    expect(readFollowReply(value)).toEqual({ presences: [], users: [], names: [], evicted: [] });
    expect(readQueryReply(value)).toEqual({ users: [] });
    expect(readUserIds(value)).toEqual([]);
    expect(readWelcome(value)).toBeNull();
    expect(readSeat(value)).toBeNull();
  });

  test('keeps the good entries beside the bad', () => {
    const bob = presence('bob', 'hi');
    const broken = [
      null,
      {},
      { userId: 1 },
      { userId: 'x', connectionId: 'y' },
      { userId: 'x', connectionId: 'y', status: null },
    ];
    expect(
      readDelta({
        joins: [...broken, bob],
        leaves: [bob, ...broken],
        users: [
          { userId: 'bob', general: 'asleep' },
          { userId: 'bob', general: 'online' },
        ],
      }),
    ).toEqual({ joins: [bob], leaves: [bob], users: [{ userId: 'bob', general: 'online' }] });
    const names = [{ userId: 'bob', username: 'Bob' }, { userId: 'cat' }, null];
    expect(readSnapshot({ userIds: ['bob', 7], presences: [bob], users: [], names, complete: 'yes' })).toEqual({
      userIds: ['bob'],
      presences: [bob],
      users: [],
      names: [{ userId: 'bob', username: 'Bob' }],
    });
  });

  test('passes fields on that it does not know', () => {
    const seat = { name: 'match', sessionId: 's', roomId: 'r', processId: 'p', devMode: true };
    expect(readSeat(seat)).toBe(seat);
  });
});
