import { describe, expect, test } from 'vitest';
import { compareFriends, detailsOf, toFriend } from '../../src/client/friend.ts';
import type { Friend } from '../../src/client/index.ts';
import type { Presence } from '../../src/protocol.ts';
import { presence } from './fakes.ts';

const friend = (userId: string, ...connections: Presence[]): Friend =>
  toFriend({
    userId,
    username: undefined,
    last: 'unlogined',
    connections: new Map(connections.map((each) => [each.connectionId, each])),
    stale: false,
  });

describe('toFriend', () => {
  test('shows a user without connections as the server said it ended', () => {
    expect(friend('bob')).toEqual({
      userId: 'bob',
      username: undefined,
      general: 'unlogined',
      online: false,
      customStatus: '',
      details: undefined,
      joinable: false,
      connections: [],
      stale: false,
    });
  });

  test('takes the custom status of the newest connection', () => {
    const bob = friend(
      'bob',
      presence('bob', 'old', { connectionId: 'pc' }),
      presence('bob', 'new', { connectionId: 'phone' }),
    );
    expect(bob).toMatchObject({ general: 'online', online: true, customStatus: 'new' });
  });

  test('offers the match of an older connection when the newest is in none', () => {
    const playing = presence('bob', '{"matchId":"m1"}', { connectionId: 'pc', matchId: 'm1' });
    expect(friend('bob', playing, presence('bob', 'brb', { connectionId: 'phone' }))).toMatchObject({
      customStatus: 'brb',
      matchId: 'm1',
      joinable: true,
    });
  });

  test('offers the match of the newest status when there are several', () => {
    const [old, recent] = ['m1', 'm2'].map((matchId) =>
      presence('bob', `{"matchId":"${matchId}"}`, { connectionId: matchId, matchId }),
    );
    expect(friend('bob', old as Presence, recent as Presence).matchId).toBe('m2');
  });

  test('withdraws the offer when the status says it is not joinable', () => {
    const full = presence('bob', '{"matchId":"m1","joinable":false}', { matchId: 'm1' });
    expect(friend('bob', full)).toMatchObject({ matchId: 'm1', joinable: false });
  });

  test('cannot be changed', () => {
    const bob = friend('bob', presence('bob'));
    expect(Object.isFrozen(bob)).toBe(true);
    expect(Object.isFrozen(bob.connections)).toBe(true);
  });
});

describe('detailsOf', () => {
  test.each([
    ['{"text":"hi"}', { text: 'hi' }],
    ['', undefined],
    ['hello', undefined],
    ['[1]', undefined],
    ['"text"', undefined],
    ['null', undefined],
    ['{"broken', undefined],
  ])('%s', (status, details) => {
    expect(detailsOf(presence('bob', status))).toEqual(details);
  });

  test('parses each presence once', () => {
    const one = presence('bob', '{"text":"hi"}');
    expect(detailsOf(one)).toBe(detailsOf(one));
  });
});

describe('compareFriends', () => {
  test('puts online and joinable first, then online, then the others, by name', () => {
    const list = [
      friend('zoe'),
      friend('yan', presence('yan')),
      { ...friend('xu', presence('xu')), username: 'Alice' },
      friend('will', presence('will', '{"matchId":"m"}', { matchId: 'm' })),
      friend('ann'),
    ];
    expect(list.toSorted(compareFriends).map(({ userId }) => userId)).toEqual(['will', 'xu', 'yan', 'ann', 'zoe']);
  });

  test('is a total order: the same name twice is settled by the id', () => {
    const a = { ...friend('a'), username: 'Sam' };
    const b = { ...friend('b'), username: 'Sam' };
    expect(compareFriends(a, b)).toBeLessThan(0);
    expect(compareFriends(b, a)).toBeGreaterThan(0);
    expect(compareFriends(a, a)).toBe(0);
  });
});
