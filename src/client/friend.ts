/** Derives a friend in the list from the connections of a user. Pure. */
import type { GeneralStatus, Presence } from '../protocol.ts';
import { customStatusOf, parseDetails } from '../status.ts';
import { wrong } from './require.ts';
import type { Friend } from './types.ts';

/** What is known about a user. `connections`: the one with the oldest status first. */
export interface UserFacts {
  userId: string;
  username: string | undefined;
  /** The general status while there is no connection. */
  last: Exclude<GeneralStatus, 'online'>;
  connections: Map<string, Presence>;
  stale: boolean;
}

const parsed = new WeakMap<Presence, { details: Readonly<Record<string, unknown>> | undefined }>();

/** The JSON object inside the status of a presence; `undefined` when the status is anything else. Parsed once per presence. */
export function detailsOf(presence: Presence): Readonly<Record<string, unknown>> | undefined {
  if (typeof (presence as Partial<Presence> | null | undefined)?.status !== 'string') {
    throw wrong('The argument of detailsOf', 'a presence', presence);
  }
  let memo = parsed.get(presence);
  if (memo === undefined) {
    memo = { details: parseDetails(presence.status) };
    parsed.set(presence, memo);
  }
  return memo.details;
}

export function toFriend(user: UserFacts): Friend {
  const connections = Object.freeze([...user.connections.values()]);
  const inMatch = connections.findLast(({ match, matchId }) => match !== undefined || matchId !== undefined);
  const customStatus = customStatusOf(connections);
  const speaking = connections.findLast(({ status }) => status === customStatus);
  return Object.freeze({
    userId: user.userId,
    username: user.username,
    general: connections.length === 0 ? user.last : 'online',
    online: connections.length > 0,
    customStatus,
    details: speaking === undefined ? undefined : detailsOf(speaking),
    ...(inMatch?.matchId !== undefined && { matchId: inMatch.matchId }),
    ...(inMatch?.match !== undefined && { match: inMatch.match }),
    joinable: inMatch !== undefined && isJoinable(inMatch),
    connections,
    stale: user.stale,
  });
}

/** The room's word counts; where it has none, that of the status. */
function isJoinable(presence: Presence): boolean {
  const { match } = presence;
  return match?.verified === true ? match.joinable : detailsOf(presence)?.['joinable'] !== false;
}

/** Order for a friends list: online and joinable first, then online, then the others; by name within each. */
export function compareFriends(a: Friend, b: Friend): number {
  for (const friend of [a, b] as unknown[]) {
    if (typeof friend !== 'object' || friend === null) {
      throw wrong('What compareFriends compares', 'a friend of the list', friend);
    }
  }
  return (
    rank(a) - rank(b) ||
    (a.username ?? a.userId).localeCompare(b.username ?? b.userId) ||
    (a.userId < b.userId ? -1 : Number(a.userId > b.userId))
  );
}

function rank(friend: Friend): number {
  if (!friend.online) {
    return 2;
  }
  return friend.joinable ? 0 : 1;
}
