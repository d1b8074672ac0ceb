/**
 * Everything that both ends of the wire must agree on: message names, payload
 * types, the table of errors. Imports nothing, so that a client bundle contains
 * no server code.
 *
 * Every request works in two forms:
 *   - `room.request(type, payload)`: the reply is the request's result, an
 *     error rejects it with `reason: PresenceErrorBody`;
 *   - `room.send(type, { ...payload, cid })`: answered by a `presence:reply`
 *     message that carries the same `cid`, for SDKs without requests (docs/engines.md).
 */

/** Version of the wire protocol. Increased when an old client would misread a new server. */
export const PROTOCOL_VERSION = 1;

/** Every message type of this package starts with this. */
export const MESSAGE_PREFIX = 'presence:';

/** Client → server message types. */
export const REQUEST_TYPES = [
  'presence:status',
  'presence:follow',
  'presence:unfollow',
  'presence:query',
  'presence:join',
  'presence:invite',
  'presence:ask',
  'presence:answer',
  'presence:party',
  'presence:welcome',
] as const;
export type RequestType = (typeof REQUEST_TYPES)[number];

/** Server → client message types. */
export const DELTA_MESSAGE = 'presence:delta';
export const FRIENDS_MESSAGE = 'presence:friends';
export const INVITES_MESSAGE = 'presence:invites';
export const PARTY_MESSAGE = 'presence:party';
export const REPLY_MESSAGE = 'presence:reply';
export const SNAPSHOT_MESSAGE = 'presence:snapshot';
export const UNFOLLOWED_MESSAGE = 'presence:unfollowed';
export const WELCOME_MESSAGE = 'presence:welcome';

/**
 * The status of one connection.
 *   - `null`: no status; the connection is invisible.
 *   - `''`: online, without a text.
 *   - text: shown to followers. Text that is a JSON object may carry a
 *     `matchId` (string), which makes the connection joinable.
 * At most 2048 UTF-8 bytes (configurable on the server).
 */
export type Status = string | null;

/**
 * Derived per user, never settable.
 *   - `online`: at least one visible connection.
 *   - `offline`: dropped, or invisible.
 *   - `unlogined`: never seen, or left by a consented leave.
 *   - `unknown`: the server cannot tell now, because the store that its
 *     processes share does not answer. Never with a single process.
 */
export type GeneralStatus = 'online' | 'offline' | 'unlogined' | 'unknown';

/** What a user without a visible connection is, as far as it is known. */
export type EndedStatus = Exclude<GeneralStatus, 'online' | 'unknown'>;

/**
 * Who may join a match through one of its players, where the server knows the players.
 *   - `everyone`: everyone who may see the player.
 *   - `followers`: the player's followers.
 *   - `mutual`: followers whom the player follows as well.
 *   - `invite`: only users whom a player invites.
 *   - `nobody`.
 */
export type JoinPolicy = 'everyone' | 'followers' | 'mutual' | 'invite' | 'nobody';

/** Why a match cannot be joined. `private`: its room is, and has no policy; `policy`: the policy of its room refuses this viewer. */
export type MatchBlock = 'full' | 'locked' | 'private' | 'policy';

/** The match a connection is in, as the match's room says (`MatchPlugin`). */
export interface VerifiedMatch {
  verified: true;
  /** Of the room. */
  name: string;
  players: number;
  /** Absent: no limit. */
  maxPlayers?: number;
  /** Whether this viewer may join now. */
  joinable: boolean;
  /** With `joinable: false`. */
  reason?: MatchBlock;
  /** Whatever the room has chosen to tell. */
  metadata?: unknown;
}

/** A match that only the client's own status names: nobody has seen the user there. */
export interface UnverifiedMatch {
  verified: false;
}

export type MatchInfo = VerifiedMatch | UnverifiedMatch;

/** A party, as others see it at its members. */
export interface PartyBadge {
  id: string;
  /** Members. */
  size: number;
}

/** One visible connection of a user. */
export interface Presence {
  userId: string;
  /** Opaque. It stays the same while the connection is visible and changes after it was invisible. Never a Colyseus session id. */
  connectionId: string;
  status: string;
  /** The room id of the match this connection is in, for a viewer that may join it; never that of a private room. */
  matchId?: string;
  /** The match this connection is in. */
  match?: MatchInfo;
  /** The party this user is in. */
  party?: PartyBadge;
  username?: string;
}

/** A user whose general status changed; part of the delta that changed it. */
export interface GeneralChange {
  userId: string;
  general: GeneralStatus;
}

/** `presence:delta`. Apply `leaves` first, then `joins`. An update of a status is one leave and one join of the same `connectionId`. */
export interface Delta {
  joins: Presence[];
  leaves: Presence[];
  /** Only present when the general status of some user changed. */
  users?: GeneralChange[];
}

/** Answer to `presence:query`, one per user that may be seen. */
export interface UserStatus {
  userId: string;
  general: GeneralStatus;
  /** The status most recently set among the visible connections; `''` when there is none. */
  customStatus: string;
  /** Oldest status first: the last one is `customStatus`. */
  presences: Presence[];
  /** The name by the word of the game, if no presence tells one. Only to clients. */
  username?: string;
}

/** The name of a user by the word of the game (`resolveFollows`, `profilesOf`). Where a presence tells a name, that one counts. */
export interface UserName {
  userId: string;
  username: string;
}

/**
 * `presence:snapshot`: the current state of some users. It replaces what the
 * client knows about them. Sent after a reconnection, to a client that
 * could not keep up (`complete: true`: all followed users and the own one),
 * and when the server follows on the client's behalf.
 */
export interface Snapshot {
  userIds: string[];
  presences: Presence[];
  /** The users among `userIds` that are not `online`. */
  users: GeneralChange[];
  /** Names of the users, as far as the game has told them. Absent without any. */
  names?: UserName[];
  /** `userIds` contains all users this connection follows, and the own user. */
  complete?: true;
}

/**
 * `presence:welcome`: who this connection is. The first message after a join or
 * a reconnection; also sent when a connection that was invisible becomes
 * visible again, with its new `connectionId`, when the server locks or unlocks
 * the status of the user, and to a client that asks for it.
 */
export interface Welcome {
  protocol: number;
  userId: string;
  connectionId: string;
  username?: string;
  /** The user's own visible connections, this one included if it is visible. */
  presences: Presence[];
  /** The server has set the status of all connections of the user, until a welcome comes without this. What the client sets is kept and not shown (`status_locked`). */
  locked?: true;
}

/** `presence:unfollowed`: the server ended these follows. */
export interface Unfollowed {
  userIds: string[];
}

/** `presence:friends`: the friend list of the game could not be loaded, and is tried again after `retryAfterMs`; without `error`: now it is there. */
export interface Friends {
  /** Without `retryAfterMs` it is not tried again. */
  error?: PresenceErrorBody;
}

/** `match`: come to the sender's match. `ask`: the sender asks to join the receiver's match. `party`: join the party that the sender leads. */
export type InviteKind = 'match' | 'ask' | 'party';

/**
 * How an invite ended. For the sender, `expired` also stands for an invite that
 * reached nobody, and for one that an invisible user has declined.
 */
export type InviteOutcome = 'accepted' | 'declined' | 'cancelled' | 'expired';

/** The match of an invite, as its room said when the invite was made. */
export type InvitedMatch = Pick<VerifiedMatch, 'name' | 'players' | 'maxPlayers' | 'metadata'>;

/** An invite, or a request to join (kind `ask`), as its sender and its receiver see it. */
export interface Invite {
  /** Opaque. Only the sender and the receiver know it. */
  inviteId: string;
  kind: InviteKind;
  from: { userId: string; username?: string };
  /** The id of the user who is invited or asked. */
  to: string;
  /** With kind `match`. */
  match?: InvitedMatch;
  /** With kind `party`: how many are in it, when the invite was made. */
  size?: number;
  /** With kind `ask`, when the host of the match is asked: the player that `from` wants to join. */
  friend?: string;
  /** The ask that was allowed with this invite. */
  asked?: string;
  /** Milliseconds until it ends by itself. */
  expiresInMs: number;
  /** It has ended. */
  outcome?: InviteOutcome;
}

/**
 * `presence:invites`: invites that are new or have changed, sent to all
 * connections of both users. One with an id that is known replaces that. With
 * `complete` these are all there are.
 */
export interface Invites {
  invites: Invite[];
  complete?: true;
}

export interface PartyMember {
  userId: string;
  username?: string;
}

/** A party, as its members see it. */
export interface PartyInfo {
  partyId: string;
  /** User id. */
  leader: string;
  /** In the order in which they came in. */
  members: PartyMember[];
}

/** `presence:party`: the party of the own user has changed; `null`: it is in none. With `seat`: a seat in the match that the leader has chosen; take it. */
export interface PartyEvent {
  party: PartyInfo | null;
  seat?: JoinReply;
}

export interface StatusRequest {
  status: Status;
}
export interface FollowRequest {
  userIds: string[];
}
export interface UnfollowRequest {
  userIds?: string[];
}
export interface QueryRequest {
  userIds: string[];
}
export interface JoinRequest {
  userId: string;
  connectionId?: string;
  /** Join options for the match: its `onAuth` and `onJoin` get them, as in any join. A JSON object. */
  options?: Record<string, unknown>;
}

/** Invites a user to a match of the own user. */
export interface InviteRequest {
  userId: string;
  /** The room id of the match. Default: the match in which the own user is seen; the newest of several. */
  matchId?: string;
  /** Not to a match, but to the party that the own user leads. If it is in none, it makes one. */
  party?: boolean;
}

/** Asks a followed user, or the host of its match, to be let in. */
export interface AskRequest {
  userId: string;
  /** The connection whose match is meant. Default: of those in a match, the one with the newest status. */
  connectionId?: string;
}

/** Answers an invite or an ask (`accept`, `decline`), or takes back an own one (`cancel`). */
export interface AnswerRequest {
  inviteId: string;
  answer: 'accept' | 'decline' | 'cancel';
  /** With `accept` of an invite: the join options for the match. A JSON object. */
  options?: Record<string, unknown>;
}

/**
 * What a member does with its party. `leave`: alone. Only the leader: `kick` and
 * `promote` another member (`userId`); `join` the match of a user (`userId`,
 * `connectionId`) or `create` a match (`name`) with all members, or with none.
 */
export interface PartyRequest {
  action: 'leave' | 'kick' | 'promote' | 'join' | 'create';
  userId?: string;
  connectionId?: string;
  /** Of the room to create. */
  name?: string;
  /** The join options for the match, the same for all members. A JSON object. */
  options?: Record<string, unknown>;
}

/** Asks for what was sent at the join: a `presence:welcome`, then a complete `presence:snapshot`. */
export type WelcomeRequest = Record<string, never>;

export type StatusReply = Record<string, never>;
export interface FollowReply {
  presences: Presence[];
  /** Offline and unlogined users among the requested ids. */
  users: GeneralChange[];
  /** Names of the users, as far as the game has told them. Absent without any. */
  names?: UserName[];
  /** Follows that were dropped to stay under the limit (only with `evict: 'oldest'`). */
  evicted?: string[];
}
export type UnfollowReply = Record<string, never>;
export interface QueryReply {
  users: UserStatus[];
}
/** A Colyseus seat reservation: pass it to `client.consumeSeatReservation(seat)`. */
export interface JoinReply {
  name: string;
  sessionId: string;
  roomId: string;
  processId: string;
  publicAddress?: string;
}

/** The same, whether the invite reaches anybody or not. */
export interface InviteReply {
  inviteId: string;
  /** Milliseconds until it ends by itself. */
  expiresInMs: number;
}

/** To `accept` of an invite: a seat in the match. Else empty. */
export type AnswerReply = Partial<JoinReply>;

/** To `join` and `create`: the room id of the match. The seats come by `presence:party`. */
export interface PartyReply {
  roomId?: string;
}

export type WelcomeReply = Record<string, never>;

export interface Requests {
  'presence:status': { request: StatusRequest; reply: StatusReply };
  'presence:follow': { request: FollowRequest; reply: FollowReply };
  'presence:unfollow': { request: UnfollowRequest; reply: UnfollowReply };
  'presence:query': { request: QueryRequest; reply: QueryReply };
  'presence:join': { request: JoinRequest; reply: JoinReply };
  'presence:invite': { request: InviteRequest; reply: InviteReply };
  'presence:ask': { request: AskRequest; reply: InviteReply };
  'presence:answer': { request: AnswerRequest; reply: AnswerReply };
  'presence:party': { request: PartyRequest; reply: PartyReply };
  'presence:welcome': { request: WelcomeRequest; reply: WelcomeReply };
}

/** `presence:reply`, the answer to the `send` form. With `ok: true` it also carries the fields of the reply. An error of a message without a `cid` comes with `cid: null`. */
export type Reply =
  | ({ cid: string | number; ok: true } & Record<string, unknown>)
  | { cid: string | number | null; ok: false; error: PresenceErrorBody };

/** Server → client messages, for `room.onMessage`. */
export type PresenceEvents = {
  'presence:delta': Delta;
  'presence:friends': Friends;
  'presence:invites': Invites;
  'presence:party': PartyEvent;
  'presence:reply': Reply;
  'presence:snapshot': Snapshot;
  'presence:unfollowed': Unfollowed;
  'presence:welcome': Welcome;
};

/** The channels through which a client gets updates. */
export type Sync = 'both' | 'state' | 'deltas';

/** Join options of a presence-aware room. Everything is optional; nothing here is an identity. */
export interface PresenceJoinOptions {
  /** Sets the status at once. `''` = appear online. */
  status?: Status;
  /** `'state'`: schema state only. `'deltas'`: messages only. Default `'both'`. */
  sync?: Sync;
  /** The `connectionId` this player had before a server shutdown or a page reload. If that connection is lost but still kept (in its grace or handoff), the new one takes its place, and followers see no change. */
  resume?: string;
}

/**
 * Every error a client can see. `retryable`: the same call may succeed later.
 * The numbers are stable and never reused.
 */
export const ERRORS = {
  invalid_payload: { code: 1, retryable: false, message: 'The payload does not have the documented shape.' },
  status_too_long: { code: 2, retryable: false, message: 'The status has more UTF-8 bytes than the server allows.' },
  too_many_ids: { code: 3, retryable: false, message: 'More ids in one call than the server allows.' },
  too_many_follows: {
    code: 4,
    retryable: false,
    message: 'This connection already follows as many users as the server allows.',
  },
  rate_limited: { code: 5, retryable: true, message: 'Too many calls; try again after retryAfterMs.' },
  feature_disabled: { code: 6, retryable: false, message: 'This feature is switched off on the server.' },
  not_joined: { code: 7, retryable: true, message: 'The connection has not joined the room yet, or has left it.' },
  not_visible: { code: 8, retryable: false, message: 'None of the requested users can be seen.' },
  no_match: { code: 9, retryable: false, message: 'That user is not in a match that can be joined.' },
  match_full: { code: 10, retryable: true, message: 'The match is full.' },
  match_locked: { code: 11, retryable: true, message: 'The match does not take players now.' },
  match_gone: { code: 12, retryable: false, message: 'The match has ended.' },
  match_denied: { code: 13, retryable: false, message: 'The match refused this player.' },
  hook_failed: { code: 14, retryable: true, message: 'The game server failed to decide.' },
  unavailable: { code: 15, retryable: true, message: 'The server cannot answer now.' },
  unknown_message: { code: 16, retryable: false, message: 'No such presence message.' },
  unauthenticated: { code: 17, retryable: false, message: 'Presence needs a user: client.auth carries no user id.' },
  internal: { code: 18, retryable: true, message: 'The server failed to answer.' },
  too_many_connections: {
    code: 19,
    retryable: true,
    message: 'This user has as many connections as the server allows.',
  },
  invite_gone: {
    code: 20,
    retryable: false,
    message: 'There is no such invite for this user, or it has ended.',
  },
  refused: { code: 21, retryable: true, message: 'The other player has said no.' },
  unanswered: { code: 22, retryable: true, message: 'Nobody has answered in time.' },
  party_gone: { code: 23, retryable: false, message: 'There is no such party, or no such member in it.' },
  party_full: { code: 24, retryable: true, message: 'The party has as many members as the server allows.' },
  party_denied: { code: 25, retryable: false, message: 'Only the leader of the party may do that.' },
  in_party: { code: 26, retryable: false, message: 'This user is in a party already.' },
  party_busy: { code: 27, retryable: true, message: 'The party is joining a match already.' },
  party_member: { code: 28, retryable: true, message: 'Some members of the party cannot join.' },
  status_locked: {
    code: 29,
    retryable: false,
    message: 'The server has set the status of this user. Yours is kept, and shown when the server ends that.',
  },
} as const satisfies Record<string, { code: number; retryable: boolean; message: string }>;

export type PresenceErrorCode = keyof typeof ERRORS;

/** An error as it travels. */
export interface PresenceErrorBody {
  code: PresenceErrorCode;
  message: string;
  /** With `rate_limited`: milliseconds until the next call of this kind is accepted. In `presence:friends`: until the next attempt. */
  retryAfterMs?: number;
  /** With `party_member`: who cannot join, and why. `not_visible`: it is not here. */
  members?: MemberRefusal[];
}

export interface MemberRefusal {
  userId: string;
  code: PresenceErrorCode;
}

export interface PresenceErrorOptions {
  message?: string;
  members?: MemberRefusal[];
  /** Milliseconds until the same call is accepted. */
  retryAfterMs?: number;
  cause?: unknown;
}

/** Thrown by the client helper and by the server API; `code` is a key of {@link ERRORS}. */
export class PresenceError extends Error {
  override readonly name = 'PresenceError';
  readonly code: PresenceErrorCode;
  readonly retryAfterMs?: number;
  /** With `party_member`: who cannot join, and why. `not_visible`: it is not here. */
  readonly members?: readonly MemberRefusal[];

  /** `message` defaults to the one in {@link ERRORS}; `cause` is the error behind this one, if there is any. */
  constructor(code: PresenceErrorCode, options: PresenceErrorOptions = {}) {
    if (!Object.hasOwn(ERRORS, code) || typeof (options as unknown) !== 'object' || (options as unknown) === null) {
      throw new TypeError(
        `PresenceError takes a code of ERRORS and { message, retryAfterMs, cause }, but got ${JSON.stringify(code)}.`,
      );
    }
    const { message, retryAfterMs, members, cause } = options;
    super(message ?? ERRORS[code].message, cause === undefined ? undefined : { cause });
    this.code = code;
    if (retryAfterMs !== undefined) {
      this.retryAfterMs = retryAfterMs;
    }
    if (members !== undefined) {
      this.members = members;
    }
  }

  /** Whether the same call may succeed later. */
  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  toBody(): PresenceErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.retryAfterMs !== undefined && { retryAfterMs: this.retryAfterMs }),
      ...(this.members !== undefined && { members: [...this.members] }),
    };
  }

  /** Rebuilds the error from what came over the wire; anything unknown becomes `internal`. */
  static from(body: unknown): PresenceError {
    if (typeof body === 'object' && body !== null && 'code' in body) {
      const { code, message, retryAfterMs, members } = body as Record<string, unknown>;
      if (typeof code === 'string' && Object.hasOwn(ERRORS, code)) {
        return new PresenceError(code as PresenceErrorCode, {
          ...(typeof message === 'string' && { message }),
          ...(typeof retryAfterMs === 'number' && { retryAfterMs }),
          ...(Array.isArray(members) && { members: members.filter(isMemberRefusal) }),
        });
      }
    }
    return new PresenceError('internal');
  }
}

function isMemberRefusal(value: unknown): value is MemberRefusal {
  const { userId, code } = (value ?? {}) as Record<string, unknown>;
  return typeof userId === 'string' && typeof code === 'string' && Object.hasOwn(ERRORS, code);
}
