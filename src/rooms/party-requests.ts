/** What the requests about parties do, and whether a member may join the match that its leader has chosen. */
import { shownBoxes, takeCall } from './calls.ts';
import {
  readConnectionId,
  readMatchOptions,
  readMatchName,
  readPartyAction,
  readUserId,
  type Fields,
} from './validate.ts';
import { admit, pickMatch, type Target } from '../core/join-friend.ts';
import { kick, promote, removeMember, requireLeader } from '../core/party.ts';
import { PresenceError, type PartyMember, type PartyReply } from '../protocol.ts';
import type { Connection } from '../core/model.ts';
import type { JoinOptions } from '../options.ts';
import type { PartyTarget, Readiness } from '../server/party-news.ts';
import type { Runtime } from '../server/runtime.ts';

export async function answerParty(connection: Connection, fields: Fields, runtime: Runtime): Promise<PartyReply> {
  const action = readPartyAction(fields['action']);
  const other =
    action === 'kick' || action === 'promote' || action === 'join' ? readUserId(fields['userId']) : undefined;
  const connectionId = fields['connectionId'] === undefined ? undefined : readConnectionId(fields['connectionId']);
  const name = action === 'create' ? readMatchName(fields['name']) : undefined;
  const options = readMatchOptions(fields['options']);
  takeCall(connection, 1, runtime);
  const { parties } = runtime;
  const { userId } = connection.user;
  const party = parties.require(userId);
  switch (action) {
    case 'leave':
      await parties.update(party.partyId, (now) => removeMember(now, userId));
      return {};
    case 'kick':
      await parties.update(party.partyId, (now) => kick(now, userId, other!));
      return {};
    case 'promote':
      await parties.update(party.partyId, (now) => promote(now, userId, other!));
      return {};
    case 'join':
    case 'create': {
      requireLeader(party, userId);
      const find = async (): Promise<PartyTarget> =>
        name === undefined
          ? { roomId: (await targetOf(connection, other!, connectionId, runtime)).roomId, friend: other! }
          : { roomId: await runtime.createMatch(connection, name, options) };
      return {
        roomId: await runtime.partyStart.start(party, memberOf(connection), connection.connectionId, find, options),
      };
    }
  }
}

export function memberOf({ user: { userId }, viewer: { username } }: Connection): PartyMember {
  return { userId, ...(username !== undefined && { username }) };
}

async function targetOf(
  connection: Connection,
  userId: string,
  connectionId: string | undefined,
  runtime: Runtime,
): Promise<Target> {
  return pickMatch(await shownBoxes(connection, userId, runtime), connectionId);
}

/** Whether the match lets this member in. A match that the leader has created lets in every member; in a friend's match each member needs its own right to join. */
export async function prepareMember(
  connection: Connection,
  leader: PartyMember,
  { roomId, friend }: PartyTarget,
  joinOptions: JoinOptions,
  runtime: Runtime,
): Promise<Readiness> {
  const { viewer, options } = connection;
  const { matchmaking } = runtime;
  if ((await matchmaking.recordOf(roomId, viewer.userId)) !== undefined) {
    return { there: true };
  }
  const target =
    friend === undefined ? invited(leader, roomId) : await friendsMatch(connection, friend, roomId, runtime);
  const { held, auth, options: given } = await admit({ viewer, target, joinOptions }, options, matchmaking);
  return held === undefined ? { auth, options: given } : { seat: held };
}

function invited(leader: PartyMember, roomId: string): Target {
  return { presence: { ...leader, connectionId: '', status: '' }, roomId, standing: 'invited' };
}

/** The friend's match, with the member's own standing towards that friend. */
async function friendsMatch(connection: Connection, friend: string, roomId: string, runtime: Runtime): Promise<Target> {
  try {
    const boxes = await shownBoxes(connection, friend, runtime);
    return pickMatch(
      boxes.filter(({ match, presence }) => (match?.roomId ?? presence.matchId) === roomId),
      undefined,
    );
  } catch (error) {
    if (error instanceof PresenceError && error.code === 'not_visible') {
      return { presence: { userId: friend, connectionId: '', status: '' }, roomId, standing: 'stranger' };
    }
    throw error;
  }
}
