import { describe, expect, test } from 'vitest';
import { addMember, isMember, kick, newParty, promote, removeMember, type Party } from '../../src/core/party.ts';

const code = (run: () => unknown): unknown => {
  try {
    run();
    return 'fine';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

const partyOf = (...userIds: string[]): Party =>
  userIds.slice(1).reduce((party, userId) => addMember(party, { userId }, 8), newParty('p', { userId: userIds[0]! }));
const ids = ({ members }: Party): string[] => members.map(({ userId }) => userId);

describe('a party', () => {
  test('grows up to its size, each member once', () => {
    const party = partyOf('ann', 'bob');
    expect(party).toEqual({
      partyId: 'p',
      version: 2,
      leader: 'ann',
      members: [{ userId: 'ann' }, { userId: 'bob' }],
    });
    expect(addMember(party, { userId: 'bob' }, 2)).toBe(party);
    expect(code(() => addMember(party, { userId: 'cat' }, 2))).toBe('party_full');
  });

  test('that is left by its leader is led by who is longest in it; the last one ends it', () => {
    const two = removeMember(partyOf('ann', 'bob', 'cat'), 'ann')!;
    expect([two.leader, ids(two)]).toEqual(['bob', ['bob', 'cat']]);
    const one = removeMember(two, 'cat')!;
    expect([one.leader, ids(one), one.version]).toEqual(['bob', ['bob'], 5]);
    expect(removeMember(one, 'nobody')).toBe(one);
    expect(removeMember(one, 'bob')).toBeUndefined();
  });

  test('is changed by its leader only', () => {
    const party = partyOf('ann', 'bob', 'cat');
    expect(ids(kick(party, 'ann', 'bob'))).toEqual(['ann', 'cat']);
    expect(promote(party, 'ann', 'cat').leader).toBe('cat');
    expect(promote(party, 'ann', 'ann')).toBe(party);
    expect(code(() => kick(party, 'bob', 'cat'))).toBe('party_denied');
    expect(code(() => promote(party, 'bob', 'bob'))).toBe('party_denied');
    expect(code(() => kick(party, 'nobody', 'cat'))).toBe('party_denied');
    expect(code(() => kick(party, 'ann', 'nobody'))).toBe('party_gone');
    expect(code(() => promote(party, 'ann', 'nobody'))).toBe('party_gone');
    expect(code(() => kick(party, 'ann', 'ann'))).toBe('invalid_payload');
    expect(isMember(party, 'cat')).toBe(true);
  });
});
