import { describe, expect, test } from 'vitest';
import { Invites, inviteTo, MAX_INVITES, MAX_RECEIVED, type InviteFacts } from '../../src/core/invites.ts';

const facts = (inviteId: string, more: Partial<InviteFacts> = {}): InviteFacts => ({
  inviteId,
  kind: 'match',
  from: { userId: 'ann', username: 'Ann' },
  to: 'bob',
  roomId: 'm',
  reach: 'all',
  ...more,
});

const NOW = 1000;
const END = 2000;

function open(...ids: string[]): Invites {
  const invites = new Invites();
  for (const id of ids) {
    invites.deliver(invites.add(facts(id, { roomId: id }), END)!.invite, NOW);
  }
  return invites;
}

describe('an invite', () => {
  test('is found by the two of it, each on its side, until its time is over', () => {
    const invites = open('i');
    expect(invites.find('i', 'ann', 'sender', NOW)?.to).toBe('bob');
    expect(invites.find('i', 'bob', 'receiver', NOW)?.to).toBe('bob');
    expect(invites.find('i', 'ann', 'receiver', NOW)).toBeUndefined();
    expect(invites.find('i', 'bob', 'sender', NOW)).toBeUndefined();
    expect(invites.find('i', 'cat', 'receiver', NOW)).toBeUndefined();
    expect(invites.find('other', 'bob', 'receiver', NOW)).toBeUndefined();
    expect(invites.find('i', 'bob', 'receiver', END)).toBeUndefined();
    expect(invites.of('bob', END)).toEqual([]);
  });

  test('is not found by whom it has not reached', () => {
    const invites = new Invites();
    invites.add(facts('i'), END);
    expect(invites.find('i', 'bob', 'receiver', NOW)).toBeUndefined();
    expect(invites.find('i', 'ann', 'sender', NOW)).toBeDefined();
  });

  test('ends once', () => {
    const invites = open('i');
    expect(invites.end('i', 'declined')?.outcome).toBe('declined');
    expect(invites.end('i', 'accepted')).toBeUndefined();
    expect(invites.expire('i')).toBeUndefined();
    expect(invites.find('i', 'bob', 'receiver', NOW)).toBeUndefined();
    expect(invites.end('unknown', 'accepted')).toBeUndefined();
  });

  test('accepted at the last moment counts as accepted, nothing else does', () => {
    const invites = open('i', 'j');
    expect(invites.expire('i')?.outcome).toBe('expired');
    expect(invites.expire('j')?.outcome).toBe('expired');
    expect(invites.end('i', 'accepted')?.outcome).toBe('accepted');
    expect(invites.end('j', 'declined')).toBeUndefined();
  });

  test('that ends quietly is open to its sender, and over to its receiver', () => {
    const invites = open('i');
    const ended = invites.end('i', 'declined', true)!;
    expect(inviteTo(ended, 'receiver', NOW).outcome).toBe('declined');
    expect(inviteTo(ended, 'sender', NOW).outcome).toBeUndefined();
    expect(invites.find('i', 'bob', 'receiver', NOW)).toBeUndefined();
    expect(invites.find('i', 'ann', 'sender', NOW)).toBeDefined();
    expect(invites.end('i', 'declined', true)).toBeUndefined();
    expect(inviteTo(invites.expire('i')!, 'sender', NOW).outcome).toBe('expired');
  });

  test('replaces an open one of the same two to the same match, and no other', () => {
    const invites = open('m');
    const again = invites.add(facts('again', { roomId: 'm' }), END)!;
    expect(again.replaced.map(({ inviteId, outcome }) => [inviteId, outcome])).toEqual([['m', 'cancelled']]);
    for (const other of [
      { roomId: 'other' },
      { kind: 'ask' as const, roomId: 'm' },
      { to: 'cat', roomId: 'm' },
      { from: { userId: 'dan' }, roomId: 'm' },
    ]) {
      expect(invites.add(facts(JSON.stringify(other), other), END)!.replaced).toEqual([]);
    }
    expect(invites.add(facts('again'), END)).toBeUndefined();
  });

  test('is forgotten with all that it left', () => {
    const invites = open('i', 'j');
    invites.forget('i');
    invites.forget('i');
    expect(invites.size).toBe(1);
    expect(invites.of('ann', NOW).map(({ inviteId }) => inviteId)).toEqual(['j']);
    invites.forget('j');
    expect([invites.of('ann', NOW), invites.of('bob', NOW), invites.all(NOW)]).toEqual([[], [], []]);
  });
});

test('a user is shown a bounded number; more do not reach it until others have ended', () => {
  const invites = open(...Array.from({ length: MAX_RECEIVED }, (_, i) => `i${i}`));
  const { invite } = invites.add(facts('more'), END)!;
  expect(invites.deliver(invite, NOW)).toBe(false);
  expect(invites.find('more', 'bob', 'receiver', NOW)).toBeUndefined();
  invites.end('i0', 'declined', true);
  expect(invites.deliver(invite, NOW)).toBe(true);
  expect(invites.deliver(invite, NOW)).toBe(true);
});

test('there is a bounded number on a process', () => {
  const invites = new Invites();
  for (let i = 0; i < MAX_INVITES; i++) {
    invites.add(facts(`i${i}`, { from: { userId: `from${i}` }, to: `to${i}` }), END);
  }
  expect(invites.isFull).toBe(true);
  expect(invites.add(facts('more'), END)).toBeUndefined();
});

describe('what is told of an invite', () => {
  test('has neither the id of the room nor whom it may reach', () => {
    const { invite } = new Invites().add(facts('i', { roomId: 'secret', match: { name: 'arena', players: 1 } }), END)!;
    expect(inviteTo(invite, 'receiver', NOW)).toEqual({
      inviteId: 'i',
      kind: 'match',
      from: { userId: 'ann', username: 'Ann' },
      to: 'bob',
      match: { name: 'arena', players: 1 },
      expiresInMs: 1000,
    });
  });

  test('of an ask to a host: the host hears of the friend, and who asks hears only of the friend', () => {
    const { invite } = new Invites().add(facts('i', { kind: 'ask', to: 'host', friend: 'bob' }), END)!;
    expect(inviteTo(invite, 'receiver', NOW)).toMatchObject({ to: 'host', friend: 'bob' });
    expect(inviteTo(invite, 'sender', NOW)).toMatchObject({ to: 'bob' });
    expect(JSON.stringify(inviteTo(invite, 'sender', NOW))).not.toContain('host');
  });
});
