import { expect, test } from 'vitest';
import { isInviteNews, parseInviteNews, type InviteNews } from '../../src/server/invite-news.ts';

const INVITE: Extract<InviteNews, { kind: 'invite' }> = {
  kind: 'invite',
  invite: {
    inviteId: 'i',
    kind: 'match',
    from: { userId: 'ann', username: 'Ann' },
    to: 'bob',
    roomId: 'm',
    match: { name: 'arena', players: 1, maxPlayers: 4, metadata: { map: 'dust' } },
    reach: 'followers',
  },
  ms: 60_000,
};

test.each<InviteNews>([
  INVITE,
  { ...INVITE, outcome: 'accepted', answered: 'declined' },
  { ...INVITE, invite: { ...INVITE.invite, kind: 'ask', friend: 'cat', asked: 'j' } },
  { kind: 'invited', inviteId: 'i', outcome: 'accepted' },
  { kind: 'invited', inviteId: 'i', outcome: 'declined', quiet: true },
])('what a process says is read as it was said: %j', (news) => {
  const travelled: unknown = JSON.parse(JSON.stringify(news));
  expect(isInviteNews(travelled)).toBe(true);
  expect(parseInviteNews(travelled)).toEqual(news);
});

const invite = (more: object): unknown => ({ ...INVITE, invite: { ...INVITE.invite, ...more } });

test.each<unknown>([
  null,
  5,
  'invite',
  {},
  { kind: 'status' },
  { kind: 'invited' },
  { kind: 'invited', inviteId: 'i', outcome: 'perhaps' },
  { kind: 'invited', inviteId: '', outcome: 'accepted' },
  { kind: 'invite' },
  { kind: 'invite', invite: 5, ms: 5 },
  { ...INVITE, ms: 0 },
  { ...INVITE, ms: -1 },
  { ...INVITE, ms: '5' },
  { ...INVITE, ms: 1e12 },
  { ...INVITE, ms: NaN },
  invite({ inviteId: 7 }),
  invite({ inviteId: 'x'.repeat(200) }),
  invite({ kind: 'party of mine' }),
  invite({ from: null }),
  invite({ from: { userId: '' } }),
  invite({ from: { userId: 'ann', username: 5 } }),
  invite({ to: '__proto__' }),
  invite({ to: '\ud800' }),
  invite({ roomId: '' }),
  invite({ match: { name: 'arena', players: -1 } }),
  invite({ match: { name: 'arena', players: 1, metadata: 'x'.repeat(2000) } }),
  invite({ friend: 5 }),
  invite({ asked: [] }),
  invite({ reach: 'everybody' }),
])('anything else is nothing: %j', (value) => {
  expect(parseInviteNews(value)).toBeNull();
});
