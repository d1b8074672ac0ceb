/**
 * What the requests about invites do. The answer to the sender of an invite, and
 * the time it takes, do not depend on whether the other user is here, is visible,
 * or has blocked the sender.
 */
import { shownBoxes, takeCall } from './calls.ts';
import {
  readAnswer,
  readConnectionId,
  readFlag,
  readInviteId,
  readMatchId,
  readMatchOptions,
  readUserId,
  type Fields,
} from './validate.ts';
import { runHook, visibleIds, within } from '../core/hooks.ts';
import { reserveSeat, requireOpen } from '../core/join-friend.ts';
import { memberOf } from './party-requests.ts';
import { addMember, requireLeader } from '../core/party.ts';
import { invitedMatch, refusalOf, type MatchRecord } from '../core/match.ts';
import { PresenceError, type AnswerReply, type InviteReply } from '../protocol.ts';
import type { InviteFacts, OpenInvite } from '../core/invites.ts';
import type { Connection, User } from '../core/model.ts';
import type { JoinOptions, Named } from '../options.ts';
import type { Runtime } from '../server/runtime.ts';

export async function answerInvite(connection: Connection, fields: Fields, runtime: Runtime): Promise<InviteReply> {
  const userId = readOther(fields, connection);
  const matchId = fields['matchId'] === undefined ? undefined : readMatchId(fields['matchId']);
  const isParty = readFlag(fields['party']);
  if (isParty && matchId !== undefined) {
    throw new PresenceError('invalid_payload', { message: 'An invite is to a match or to a party.' });
  }
  takeInvite(connection, userId, runtime);
  const { user } = connection;
  if (isParty) {
    return inviteToParty(connection, userId, runtime);
  }
  const roomId = matchId ?? ownMatch(user);
  const record = roomId === undefined ? undefined : await recordOf(connection, roomId, user.userId, runtime);
  const match = requireInvitable(record);
  const reach = await reachOf(connection, userId, runtime);
  return make(
    connection,
    { kind: 'match', to: userId, roomId: match.roomId, match: invitedMatch(match), reach },
    runtime,
  );
}

export async function answerAsk(connection: Connection, fields: Fields, runtime: Runtime): Promise<InviteReply> {
  const userId = readOther(fields, connection);
  const connectionId = fields['connectionId'] === undefined ? undefined : readConnectionId(fields['connectionId']);
  takeInvite(connection, userId, runtime);
  const shown = (await shownBoxes(connection, userId, runtime)).filter(
    ({ presence }) => connectionId === undefined || presence.connectionId === connectionId,
  );
  if (shown.length === 0) {
    throw new PresenceError('not_visible');
  }
  const match = shown.findLast((box) => box.match !== undefined)?.match;
  if (match === undefined) {
    throw new PresenceError('no_match');
  }
  // What is shown may be out of date: the room has the last word.
  const record = await bounded(connection.options.hookTimeoutMs, () => runtime.matchmaking.record(match.roomId));
  const { roomId, host = userId } = requireInvitable(record);
  if (host === connection.user.userId) {
    throw new PresenceError('invalid_payload', { message: 'Nobody can invite or ask itself.' });
  }
  // The limit for the host is not told: it would tell who have the same one.
  const isQuiet =
    runtime.tracker.hasBlocked(host, connection.user.userId) || !mayAsk(connection, userId, host, runtime);
  const reach = isQuiet ? 'nobody' : 'all';
  return make(
    connection,
    { kind: 'ask', to: host, roomId, reach, ...(host !== userId && { friend: userId }) },
    runtime,
  );
}

export async function answerAnswer(connection: Connection, fields: Fields, runtime: Runtime): Promise<AnswerReply> {
  const inviteId = readInviteId(fields['inviteId']);
  const answer = readAnswer(fields['answer']);
  const joinOptions = readMatchOptions(fields['options']);
  takeCall(connection, 1, runtime);
  const { user } = connection;
  const { invitations } = runtime;
  if (answer === 'cancel') {
    const invite = invitations.find(inviteId, user, 'sender');
    return claimed(connection, invite, runtime, 'cancelled', () => ({}));
  }
  const invite = invitations.find(inviteId, user, 'receiver');
  if (answer === 'accept') {
    return invite.kind === 'party'
      ? claimed(connection, invite, runtime, 'accepted', () => enter(connection, invite, runtime))
      : invite.kind === 'ask'
        ? claimed(connection, invite, runtime, 'accepted', () => allow(connection, invite, runtime))
        : claimed(connection, invite, runtime, 'accepted', () => join(connection, invite, joinOptions, runtime));
  }
  if (user.visible.size === 0 || runtime.tracker.hasBlocked(user.userId, invite.from.userId)) {
    // To the sender this user is offline, and nobody who is offline declines.
    invitations.end(invite, 'declined', true);
    return {};
  }
  return claimed(connection, invite, runtime, 'declined', () => ({}));
}

async function inviteToParty(connection: Connection, userId: string, runtime: Runtime): Promise<InviteReply> {
  const { parties } = runtime;
  const { user, options } = connection;
  if (!options.features.party) {
    throw new PresenceError('feature_disabled');
  }
  requireShown(user);
  const party = parties.of(user.userId) ?? (await parties.create(memberOf(connection)));
  requireLeader(party, user.userId);
  if (party.members.length >= options.maxPartySize) {
    throw new PresenceError('party_full');
  }
  const reach = await reachOf(connection, userId, runtime);
  return make(
    connection,
    { kind: 'party', to: userId, roomId: party.partyId, size: party.members.length, reach },
    runtime,
  );
}

/** The invited user becomes a member of the party. */
async function enter(connection: Connection, { roomId, from }: OpenInvite, runtime: Runtime): Promise<AnswerReply> {
  const { parties, tracker } = runtime;
  const { user, options } = connection;
  requireShown(user);
  const present = parties.of(user.userId);
  if (present !== undefined && present.partyId !== roomId) {
    throw new PresenceError('in_party');
  }
  if (tracker.hasBlocked(from.userId, user.userId)) {
    throw new PresenceError('party_gone');
  }
  // The key of the member goes first: without it, another process would remove the new member as one that is gone.
  await parties.hold(user.userId, roomId);
  await parties.update(roomId, (party) => addMember(party, memberOf(connection), options.maxPartySize));
  return {};
}

/** The presences of members show their party, so an invisible user cannot be in one. */
function requireShown({ visible }: User): void {
  if (visible.size === 0) {
    throw new PresenceError('not_visible', { message: 'A party is for visible players: set a status first.' });
  }
}

/** The other user: nobody invites or asks itself. */
function readOther(fields: Fields, { user }: Connection): string {
  const userId = readUserId(fields['userId']);
  if (userId === user.userId) {
    throw new PresenceError('invalid_payload', { message: 'Nobody can invite or ask itself.' });
  }
  return userId;
}

/** Counts an invite against the limits of its sender, and as a call. */
function takeInvite(connection: Connection, to: string, runtime: Runtime): void {
  const { user, options } = connection;
  const { inviteLimit, inviteLimitPerPair, inviteWindowSeconds } = options;
  const now = runtime.clock.now();
  const take = (key: string, rateLimit: number): void => {
    runtime.inviteBudgets.take(
      key,
      0,
      { rateLimit, rateLimitIds: Infinity, rateWindowMs: inviteWindowSeconds * 1000 },
      now,
    );
  };
  takeCall(connection, 1, runtime);
  take(JSON.stringify([user.userId, to]), inviteLimitPerPair);
  take(JSON.stringify([user.userId]), inviteLimit);
}

/** Counts an ask that goes to the host of a friend against the limit for that host. */
function mayAsk({ user, options }: Connection, userId: string, host: string, runtime: Runtime): boolean {
  const { inviteLimitPerPair: rateLimit, inviteWindowSeconds } = options;
  const limits = { rateLimit, rateLimitIds: Infinity, rateWindowMs: inviteWindowSeconds * 1000 };
  return (
    host === userId ||
    runtime.inviteBudgets.tries(JSON.stringify([user.userId, host, 'as host']), limits, runtime.clock.now())
  );
}

/** The match in which the user is seen; the newest of several. */
function ownMatch({ visible }: User): string | undefined {
  return [...visible.values()].findLast(({ entry }) => entry.match !== undefined)?.entry.match?.roomId;
}

/** What the room says of itself, if the user plays there. */
async function recordOf(
  { options }: Connection,
  roomId: string,
  playerId: string,
  { matchmaking }: Runtime,
): Promise<MatchRecord | undefined> {
  return bounded(options.hookTimeoutMs, () => matchmaking.recordOf(roomId, playerId));
}

function requireInvitable(record: MatchRecord | undefined): MatchRecord {
  if (record === undefined) {
    throw new PresenceError('no_match');
  }
  if (refusalOf(record, 'invited') !== undefined) {
    throw new PresenceError('match_denied');
  }
  return record;
}

/** Whom the invite may reach. */
async function reachOf(connection: Connection, to: string, { tracker }: Runtime): Promise<InviteFacts['reach']> {
  const { options, viewer, user } = connection;
  const { canInvite, hookTimeoutMs } = options;
  const isAllowed =
    canInvite === undefined
      ? (await visibleIds(options, viewer, [to])).includes(to) && follows(user, to)
      : ((await runHook('canInvite', () => canInvite(viewer, to), hookTimeoutMs)) as unknown) === true;
  if (tracker.hasBlocked(to, user.userId) || (!isAllowed && canInvite !== undefined)) {
    return 'nobody';
  }
  return isAllowed ? 'all' : 'followers';
}

function follows({ own }: User, userId: string): boolean {
  return [...own].some((connection) => [...connection.follows.keys()].some((user) => user.userId === userId));
}

function make(
  { user, viewer, options }: Connection,
  facts: Omit<InviteFacts, 'inviteId' | 'from'>,
  { invitations }: Runtime,
): InviteReply {
  const { inviteSeconds } = options;
  const { inviteId } = invitations.make({ ...facts, from: named(user, viewer.username) }, inviteSeconds);
  return { inviteId, expiresInMs: inviteSeconds * 1000 };
}

function named({ userId }: User, username: string | undefined): Named {
  return { userId, ...(username !== undefined && { username }) };
}

/** Runs `act`, then ends the invite with this outcome. Of several answers at the same time only one runs, over all processes. If `act` fails, the invite stays open. */
async function claimed(
  { options: { hookTimeoutMs } }: Connection,
  invite: OpenInvite,
  { invitations }: Runtime,
  outcome: 'accepted' | 'declined' | 'cancelled',
  act: () => AnswerReply | Promise<AnswerReply>,
): Promise<AnswerReply> {
  const { claims } = invitations;
  const seconds = invitations.secondsLeft(invite);
  if (!(await bounded(hookTimeoutMs, () => claims.take(invite.inviteId, seconds)))) {
    throw new PresenceError('invite_gone');
  }
  try {
    const reply = await act();
    invitations.end(invite, outcome);
    return reply;
  } catch (error) {
    await bounded(hookTimeoutMs, () => claims.giveBack(invite.inviteId));
    throw error;
  }
}

/** A seat for the invited user. The sender must still play in the match, and its room must accept invites. */
async function join(
  connection: Connection,
  { from, roomId }: OpenInvite,
  joinOptions: JoinOptions,
  runtime: Runtime,
): Promise<AnswerReply> {
  const { viewer, options } = connection;
  const record = await recordOf(connection, roomId, from.userId, runtime);
  if (record === undefined || runtime.tracker.hasBlocked(from.userId, viewer.userId)) {
    throw new PresenceError('no_match');
  }
  const presence = { ...from, connectionId: '', status: '' };
  return reserveSeat(
    { viewer, target: { presence, roomId, standing: 'invited' }, joinOptions },
    options,
    runtime.matchmaking,
  );
}

/** Allows an ask: the user who was asked invites the user who asked. */
async function allow(connection: Connection, ask: OpenInvite, runtime: Runtime): Promise<AnswerReply> {
  const { options, user, viewer } = connection;
  const { from, roomId, inviteId } = ask;
  const record = requireInvitable(await recordOf(connection, roomId, user.userId, runtime));
  requireOpen(await bounded(options.hookTimeoutMs, () => runtime.matchmaking.find(roomId)), false);
  runtime.invitations.make(
    {
      kind: 'match',
      from: named(user, viewer.username),
      to: from.userId,
      roomId,
      match: invitedMatch(record),
      asked: inviteId,
      reach: 'all',
    },
    options.inviteSeconds,
  );
  return {};
}

/** Awaits `run()`, at most `ms` milliseconds. A failure, or no answer in time, becomes `unavailable`. */
async function bounded<T>(ms: number, run: () => Promise<T>): Promise<T> {
  const unavailable = (cause?: unknown): PresenceError => new PresenceError('unavailable', { cause });
  try {
    return await within(ms, run, unavailable);
  } catch (error) {
    throw error instanceof PresenceError ? error : unavailable(error);
  }
}
