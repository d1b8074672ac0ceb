/** `colyseus-presence/client`: friend presence for browsers and Node, without any server code. */
export { PresenceClient } from './presence-client.ts';
export { compareFriends, detailsOf } from './friend.ts';
export type { FollowResult } from './follows.ts';
export type { JoinFriendOptions } from './join-friend.ts';
export type { InviteLike, InviteList, InviteOptions, SentInvite } from './invite-calls.ts';
export type { Party, PartyClient } from './party.ts';
export type { OpenInvite } from './invite-store.ts';
export type {
  AttachOptions,
  ConnectionPhase,
  Friend,
  PresenceClientOptions,
  RejoinOptions,
  RoomMethod,
  UserStatusChange,
} from './types.ts';
export { ERRORS, PresenceError } from '../protocol.ts';
export type {
  Delta,
  GeneralChange,
  GeneralStatus,
  InvitedMatch,
  InviteKind,
  InviteOutcome,
  JoinPolicy,
  MatchBlock,
  MatchInfo,
  MemberRefusal,
  PartyBadge,
  PartyInfo,
  PartyMember,
  Presence,
  PresenceErrorBody,
  PresenceErrorCode,
  PresenceErrorOptions,
  PresenceEvents,
  Requests,
  Status,
  Sync,
  UnverifiedMatch,
  UserStatus,
  VerifiedMatch,
} from '../protocol.ts';
export type { UserIdLike } from '../ids.ts';
