/**
 * Reads messages of the server. Anything without the documented shape is left
 * out, so that a server of another version cannot break the list.
 */
import { PresenceError } from '../protocol.ts';
import type {
  Delta,
  FollowReply,
  GeneralChange,
  GeneralStatus,
  Invite,
  InviteOutcome,
  InviteReply,
  Invites,
  JoinReply,
  PartyEvent,
  PartyMember,
  Presence,
  QueryReply,
  Snapshot,
  UserName,
  UserStatus,
  Welcome,
} from '../protocol.ts';

type Fields = Record<string, unknown>;

const GENERALS: ReadonlySet<string> = new Set<GeneralStatus>(['online', 'offline', 'unlogined', 'unknown']);

export function readWelcome(value: unknown): Welcome | null {
  const { protocol, userId, connectionId, username, presences, locked } = fields(value);
  if (typeof userId !== 'string' || typeof connectionId !== 'string') {
    return null;
  }
  return {
    protocol: typeof protocol === 'number' ? protocol : 0,
    userId,
    connectionId,
    ...(typeof username === 'string' && { username }),
    presences: list(presences).filter(isPresence),
    ...(locked === true && { locked }),
  };
}

/** The error of a `presence:friends`; `undefined` when the list is there. */
export function readFriends(value: unknown): PresenceError | undefined {
  const { error } = fields(value);
  return error === undefined ? undefined : PresenceError.from(error);
}

export function readDelta(value: unknown): Delta {
  const { joins, leaves, users } = fields(value);
  return {
    joins: list(joins).filter(isPresence),
    leaves: list(leaves).filter(isPresence),
    users: list(users).filter(isGeneralChange),
  };
}

export function readSnapshot(value: unknown): Snapshot {
  const { userIds, presences, users, names, complete } = fields(value);
  return {
    userIds: list(userIds).filter(isString),
    presences: list(presences).filter(isPresence),
    users: list(users).filter(isGeneralChange),
    names: list(names).filter(isUserName),
    ...(complete === true && { complete }),
  };
}

/** `null` when it cannot be the answer to a request of this helper. */
export function readReply(value: unknown): { cid: string; ok: boolean; error: unknown } | null {
  const { cid, ok, error } = fields(value);
  return isString(cid) ? { cid, ok: ok === true, error } : null;
}

export function readFollowReply(value: unknown): Required<FollowReply> {
  const { presences, users, names, evicted } = fields(value);
  return {
    presences: list(presences).filter(isPresence),
    users: list(users).filter(isGeneralChange),
    names: list(names).filter(isUserName),
    evicted: list(evicted).filter(isString),
  };
}

export function readQueryReply(value: unknown): QueryReply {
  return { users: list(fields(value)['users']).filter(isUserStatus) };
}

const OUTCOMES: ReadonlySet<unknown> = new Set<InviteOutcome>(['accepted', 'declined', 'cancelled', 'expired']);

/** Invites of a kind that this helper does not know are left out. */
export function readInvites(value: unknown): Invites {
  const { invites, complete } = fields(value);
  return { invites: list(invites).filter(isInvite), ...(complete === true && { complete }) };
}

/** `null` when it is not the answer to an invite. */
export function readInviteReply(value: unknown): InviteReply | null {
  const { inviteId, expiresInMs } = fields(value);
  return isString(inviteId) && typeof expiresInMs === 'number' ? { inviteId, expiresInMs } : null;
}

function isInvite(value: unknown): value is Invite {
  const { inviteId, kind, from, to, expiresInMs, outcome } = fields(value);
  return (
    isString(inviteId) &&
    (kind === 'match' || kind === 'ask' || kind === 'party') &&
    isString(fields(from)['userId']) &&
    isString(to) &&
    typeof expiresInMs === 'number' &&
    (outcome === undefined || OUTCOMES.has(outcome))
  );
}

export function readParty(value: unknown): PartyEvent {
  const { party, seat } = fields(value);
  const { partyId, leader, members } = fields(party);
  const taken = readSeat(seat);
  return {
    party:
      isString(partyId) && isString(leader) ? { partyId, leader, members: list(members).filter(isPartyMember) } : null,
    ...(taken !== null && { seat: taken }),
  };
}

function isPartyMember(value: unknown): value is PartyMember {
  const { userId, username } = fields(value);
  return isString(userId) && (username === undefined || isString(username));
}

/** Checks the required fields of a seat and keeps the others, because the SDK may read them. `null` when it is not a seat. */
export function readSeat(value: unknown): JoinReply | null {
  const { name, sessionId, roomId, processId } = fields(value);
  return [name, sessionId, roomId, processId].every(isString) ? (value as JoinReply) : null;
}

export function readUserIds(value: unknown): string[] {
  return list(fields(value)['userIds']).filter(isString);
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isPresence(value: unknown): value is Presence {
  const { userId, connectionId, status } = fields(value);
  return isString(userId) && isString(connectionId) && isString(status);
}

function isGeneralChange(value: unknown): value is GeneralChange {
  const { userId, general } = fields(value);
  return isString(userId) && isString(general) && GENERALS.has(general);
}

function isUserName(value: unknown): value is UserName {
  const { userId, username } = fields(value);
  return isString(userId) && isString(username);
}

function isUserStatus(value: unknown): value is UserStatus {
  const { customStatus, presences, username } = fields(value);
  return (
    isGeneralChange(value) &&
    isString(customStatus) &&
    Array.isArray(presences) &&
    (username === undefined || isString(username))
  );
}
