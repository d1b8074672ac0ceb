/** What of a match each viewer is shown: every policy, every viewer, private or not, full, locked or open. */
import { describe, expect, test } from 'vitest';
import {
  isJoinPolicy,
  otherStanding,
  presenceOf,
  stayOf,
  type MatchRecord,
  type Standing,
} from '../../src/core/match.ts';
import type { JoinPolicy, Presence } from '../../src/protocol.ts';

const RECORD: MatchRecord = { roomId: 'room-1', name: 'arena', players: 2, isPrivate: false };
const STANDINGS: readonly Standing[] = ['friend', 'follower', 'stranger'];

function seen(match: MatchRecord | undefined, standing: Standing, status = '', matchId?: string): Presence {
  return presenceOf('ann', { connectionId: 'c', status, matchId, match: undefined }, 'Ann', match, standing);
}

/** Who may join, by policy: the rule written out a second time. */
const MAY: Record<JoinPolicy | 'none', readonly Standing[]> = {
  none: STANDINGS,
  everyone: STANDINGS,
  followers: ['friend', 'follower'],
  mutual: ['friend'],
  invite: [],
  nobody: [],
};

describe.each(Object.keys(MAY) as Array<keyof typeof MAY>)('policy %s', (name) => {
  const policy = name === 'none' ? undefined : name;

  test.each(
    STANDINGS.flatMap((standing) =>
      [false, true].flatMap((isPrivate) =>
        [undefined, 'full', 'locked'].map((block) => ({ standing, isPrivate, block })),
      ),
    ),
  )('$standing, private: $isPrivate, $block', ({ standing, isPrivate, block }) => {
    const record = {
      ...RECORD,
      isPrivate,
      policy,
      block: block as MatchRecord['block'],
      maxPlayers: 4,
      metadata: { map: 1 },
    };
    const isClosed = policy === undefined && isPrivate;
    const may = MAY[name].includes(standing) && !isClosed;
    const reason = may ? block : isClosed ? 'private' : 'policy';
    const presence = seen(record, standing, '{"text":"hi","matchId":"room-1"}');
    const showsId = may && !isPrivate;
    expect(presence).toEqual({
      userId: 'ann',
      connectionId: 'c',
      username: 'Ann',
      status: showsId ? '{"text":"hi","matchId":"room-1"}' : '{"text":"hi"}',
      ...(showsId && { matchId: 'room-1' }),
      match: {
        verified: true,
        name: 'arena',
        players: 2,
        maxPlayers: 4,
        joinable: reason === undefined,
        ...(reason !== undefined && { reason }),
        metadata: { map: 1 },
      },
    });
    expect(JSON.stringify(presence).includes('room-1')).toBe(showsId);
  });

  test('a second way to look at it is there exactly when somebody sees it otherwise than a follower', () => {
    const record = { ...RECORD, policy };
    const others = STANDINGS.filter(
      (standing) => JSON.stringify(seen(record, standing)) !== JSON.stringify(seen(record, 'follower')),
    );
    expect(others).toEqual(otherStanding(record) === undefined ? [] : [otherStanding(record)]);
  });
});

test.each([
  ['{"matchId":"room-1"}', ''],
  ['{"matchId":"room-1","text":"hi"}', '{"text":"hi"}'],
  ['{"matchId":"room-1","again":"room-1"}', ''],
  ['{"matchId":"room-1","deep":{"in":["see room-1!"]}}', ''],
  ['{"matchId":"r\\"1","a":"r\\"1"}', ''],
  ['{"text":"no match"}', '{"text":"no match"}'],
  ['room-1', 'room-1'],
])('a match that nobody has seen the user in is taken out of the status: %s', (status, shown) => {
  expect(seen(undefined, 'follower', status)).toEqual({
    userId: 'ann',
    connectionId: 'c',
    status: shown,
    username: 'Ann',
  });
});

test('it is shown, unverified, where that is wanted; a room that speaks has the last word', () => {
  const status = '{"matchId":"room-1"}';
  expect(seen(undefined, 'follower', status, 'room-1')).toMatchObject({
    status,
    matchId: 'room-1',
    match: { verified: false },
  });
  expect(seen(undefined, 'follower', status, 'other')).not.toHaveProperty('match');
  expect(seen({ ...RECORD, policy: 'nobody' }, 'follower', status, 'room-1')).not.toHaveProperty('matchId');
});

test('a connection is vouched for by its own room, or by one that says the user is in the match it claims', () => {
  const stay = { connectionId: 's', status: '', match: RECORD };
  const claims = { connectionId: 'c', status: '{"matchId":"room-1"}' };
  const other = { connectionId: 'o', status: '{"matchId":"room-2"}' };
  const all = [claims, other, stay];
  expect(all.map((entry) => stayOf(entry, all)?.connectionId)).toEqual(['s', undefined, 's']);
  expect(stayOf(claims, [claims, other])).toBeUndefined();
});

test('join policies are these', () => {
  expect(['everyone', 'followers', 'mutual', 'invite', 'nobody'].every(isJoinPolicy)).toBe(true);
  expect([undefined, '', 'friends', null, ['everyone']].some(isJoinPolicy)).toBe(false);
});
