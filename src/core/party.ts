/**
 * A party: a few users with a leader. Every change makes the next version of
 * it, or throws a `PresenceError` and changes nothing. Pure.
 */
import { PresenceError, type PartyMember } from '../protocol.ts';

export interface Party {
  readonly partyId: string;
  /** Higher is newer. */
  readonly version: number;
  readonly leader: string;
  /** In the order in which they came in. Never empty. */
  readonly members: readonly PartyMember[];
}

export function newParty(partyId: string, leader: PartyMember): Party {
  return { partyId, version: 1, leader: leader.userId, members: [leader] };
}

export function isMember({ members }: Party, userId: string): boolean {
  return members.some((member) => member.userId === userId);
}

export function addMember(party: Party, member: PartyMember, most: number): Party {
  if (isMember(party, member.userId)) {
    return party;
  }
  if (party.members.length >= most) {
    throw new PresenceError('party_full');
  }
  return { ...party, version: party.version + 1, members: [...party.members, member] };
}

/** Without its leader, a party is led by the member that has been in it longest. `undefined`: nobody is left. */
export function removeMember(party: Party, userId: string): Party | undefined {
  if (!isMember(party, userId)) {
    return party;
  }
  const members = party.members.filter((member) => member.userId !== userId);
  const [first] = members;
  return first === undefined
    ? undefined
    : { ...party, version: party.version + 1, members, leader: userId === party.leader ? first.userId : party.leader };
}

export function kick(party: Party, by: string, userId: string): Party {
  requireLeader(party, by);
  requireMember(party, userId);
  if (by === userId) {
    throw new PresenceError('invalid_payload', { message: 'Nobody can kick itself: leave the party.' });
  }
  return removeMember(party, userId)!;
}

export function promote(party: Party, by: string, userId: string): Party {
  requireLeader(party, by);
  requireMember(party, userId);
  return userId === party.leader ? party : { ...party, version: party.version + 1, leader: userId };
}

export function requireLeader({ leader }: Party, userId: string): void {
  if (leader !== userId) {
    throw new PresenceError('party_denied');
  }
}

function requireMember(party: Party, userId: string): void {
  if (!isMember(party, userId)) {
    throw new PresenceError('party_gone');
  }
}
