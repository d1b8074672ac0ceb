import { describe, expect, test } from 'vitest';
import { InviteStore } from '../../src/client/invite-store.ts';
import type { Invite } from '../../src/protocol.ts';

const NOW = 5000;
const invite = (inviteId: string, more: Partial<Invite> = {}): Invite => ({
  inviteId,
  kind: 'match',
  from: { userId: 'ann' },
  to: 'bob',
  expiresInMs: 1000,
  ...more,
});

describe('the store of invites', () => {
  test('holds what is open, received or sent, with the time of its end by the own clock', () => {
    const store = new InviteStore();
    expect(
      store.apply({ invites: [invite('i'), invite('j', { from: { userId: 'bob' }, to: 'cat' })] }, 'bob', NOW),
    ).toEqual([]);
    expect(store.list()).toEqual([
      { inviteId: 'i', kind: 'match', incoming: true, from: { userId: 'ann' }, to: 'bob', expiresAt: 6000 },
      { inviteId: 'j', kind: 'match', incoming: false, from: { userId: 'bob' }, to: 'cat', expiresAt: 6000 },
    ]);
  });

  test('is the same list while nothing changed', () => {
    const store = new InviteStore();
    const before = store.list();
    expect(store.list()).toBe(before);
    store.apply({ invites: [invite('i')] }, 'bob', NOW);
    const after = store.list();
    expect(after).not.toBe(before);
    expect(store.list()).toBe(after);
    expect(Object.isFrozen(after)).toBe(true);
  });

  test('tells once what has ended, also when the whole list comes again', () => {
    const store = new InviteStore();
    store.apply({ invites: [invite('i')] }, 'bob', NOW);
    const ended = invite('i', { outcome: 'declined' });
    expect(store.apply({ invites: [ended] }, 'bob', NOW)).toMatchObject([
      { invite: { inviteId: 'i' }, outcome: 'declined' },
    ]);
    expect(store.list()).toEqual([]);
    expect(store.apply({ invites: [ended], complete: true }, 'bob', NOW)).toEqual([]);
    expect(store.apply({ invites: [invite('k', { outcome: 'expired' })], complete: true }, 'bob', NOW)).toHaveLength(1);
  });

  test('an acceptance at the last moment is told after the end', () => {
    const store = new InviteStore();
    store.apply({ invites: [invite('i'), invite('i', { outcome: 'expired' })] }, 'bob', NOW);
    expect(store.apply({ invites: [invite('i', { outcome: 'accepted' })] }, 'bob', NOW)).toMatchObject([
      { outcome: 'accepted' },
    ]);
  });

  test('a complete list replaces what was there; nothing is known without a connection', () => {
    const store = new InviteStore();
    store.apply({ invites: [invite('i'), invite('j')] }, 'bob', NOW);
    store.apply({ invites: [invite('j')], complete: true }, 'bob', NOW);
    expect(store.list().map(({ inviteId }) => inviteId)).toEqual(['j']);
    expect(store.clear()).toBe(true);
    expect(store.clear()).toBe(false);
    expect(store.list()).toEqual([]);
  });
});
