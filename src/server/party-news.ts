/** Messages between processes about parties. They are untrusted: what does not parse becomes `null`. */
import { ERRORS, type JoinReply, type PartyMember, type PresenceErrorCode } from '../protocol.ts';
import { MAX_PARTY_SIZE } from '../options.ts';
import { isUserId, MAX_ID_LENGTH } from '../status.ts';
import type { Party } from '../core/party.ts';
import type { JoinOptions } from '../options.ts';

const MAX_VERSION = 2 ** 48;

/** The match that a party is to join. */
export interface PartyTarget {
  readonly roomId: string;
  /** The player who is joined; absent: the match was made for the party. */
  readonly friend?: string;
}

/** Whether a member can join. `there`: it plays in the match already. */
export type Readiness =
  | { readonly seat: JoinReply }
  | { readonly auth: unknown; readonly options: JoinOptions }
  | { readonly there: true }
  | { readonly code: PresenceErrorCode };

export type PartyNews =
  /** The party as the sending process knows it. */
  | { kind: 'party'; party: Party }
  /** The party has ended. */
  | { kind: 'party-end'; partyId: string }
  /** Can these members join? A process answers for each member of which it has a visible connection. */
  | {
      kind: 'party-call';
      question: string;
      partyId: string;
      leader: PartyMember;
      /** The leader's connection that has asked. It gets the leader's seat. */
      connectionId: string;
      userIds: string[];
      target: PartyTarget;
      options: JoinOptions;
    }
  | { kind: 'party-ready'; question: string; userId: string; connectionId: string; ready: Readiness }
  | { kind: 'party-seat'; userId: string; connectionId: string; seat: JoinReply };

type Fields = Record<string, unknown>;

export function isPartyNews(value: unknown): boolean {
  const { kind } = fieldsOf(value);
  return kind === 'party' || (typeof kind === 'string' && kind.startsWith('party-'));
}

export function parsePartyNews(value: unknown): PartyNews | null {
  const fields = fieldsOf(value);
  const { kind, partyId, question, userId, connectionId } = fields;
  switch (kind) {
    case 'party': {
      const party = parseParty(fields['party']);
      return party === null ? null : { kind, party };
    }
    case 'party-end':
      return isId(partyId) ? { kind, partyId } : null;
    case 'party-call':
      return parseCall(fields);
    case 'party-ready': {
      const ready = parseReadiness(fieldsOf(fields['ready']));
      return isId(question) && isUserId(userId) && isId(connectionId) && ready !== null
        ? { kind, question, userId, connectionId, ready }
        : null;
    }
    case 'party-seat': {
      const seat = parseSeat(fields['seat']);
      return isUserId(userId) && isId(connectionId) && seat !== null ? { kind, userId, connectionId, seat } : null;
    }
    default:
      return null;
  }
}

export function parseParty(value: unknown): Party | null {
  const { partyId, version, leader, members } = fieldsOf(value);
  if (
    !isId(partyId) ||
    !(Number.isSafeInteger(version) && (version as number) > 0 && (version as number) < MAX_VERSION) ||
    !Array.isArray(members) ||
    members.length > MAX_PARTY_SIZE
  ) {
    return null;
  }
  const read = members.map(parseMember);
  const known = read.filter((member) => member !== null);
  return known.length === members.length && known.some(({ userId }) => userId === leader)
    ? { partyId, version: version as number, leader: leader as string, members: known }
    : null;
}

function parseCall({ question, partyId, leader, connectionId, userIds, target, options }: Fields): PartyNews | null {
  const by = parseMember(leader);
  const { roomId, friend } = fieldsOf(target);
  return isId(question) &&
    isId(partyId) &&
    by !== null &&
    isId(connectionId) &&
    Array.isArray(userIds) &&
    userIds.length <= MAX_PARTY_SIZE &&
    userIds.every(isUserId) &&
    isId(roomId) &&
    (friend === undefined || isUserId(friend)) &&
    isObject(options)
    ? {
        kind: 'party-call',
        question,
        partyId,
        leader: by,
        connectionId,
        userIds,
        target: { roomId, ...(friend !== undefined && { friend }) },
        options,
      }
    : null;
}

function parseReadiness(ready: Fields): Readiness | null {
  const { code, there, seat, auth, options } = ready;
  if (there === true) {
    return { there };
  }
  if (code !== undefined) {
    return typeof code === 'string' && Object.hasOwn(ERRORS, code) ? { code: code as PresenceErrorCode } : null;
  }
  if (seat !== undefined) {
    const held = parseSeat(seat);
    return held === null ? null : { seat: held };
  }
  return isObject(options) ? { auth, options } : null;
}

function parseMember(value: unknown): PartyMember | null {
  const { userId, username } = fieldsOf(value);
  return isUserId(userId) && (username === undefined || isId(username))
    ? { userId, ...(username !== undefined && { username }) }
    : null;
}

function parseSeat(value: unknown): JoinReply | null {
  const { name, sessionId, roomId, processId, publicAddress } = fieldsOf(value);
  return isId(name) && isId(sessionId) && isId(roomId) && isId(processId)
    ? { name, sessionId, roomId, processId, ...(typeof publicAddress === 'string' && { publicAddress }) }
    : null;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_LENGTH && value.isWellFormed();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
